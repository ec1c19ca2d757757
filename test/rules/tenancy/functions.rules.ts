import { functions, keepers, type Rule } from './rule.ts';

export const definers: readonly Rule[] = [
  {
    name: 'every function pins its search_path to nothing',
    violations: `with ${functions}
      select name as violation from functions where not coalesce(proconfig @> array['search_path=""'], false)`,
    plants: [
      ['create function app.planted() returns int language sql as $$ select 1 $$', 'app.planted()'],
      [
        'create function app.planted() returns int language sql set search_path = public as $$ select 1 $$',
        'app.planted()',
      ],
      ['create function planted() returns int language sql as $$ select 1 $$', 'planted()'],
    ],
  },
  {
    name: 'no function may be called by everybody',
    violations: `with ${functions}
      select name as violation from functions
        where exists (select from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee = 0)`,
    plants: [
      ['grant execute on function app.own_organizations() to public', 'app.own_organizations()'],
      ['create function app.planted() returns int language sql as $$ select 1 $$', 'app.planted()'],
    ],
  },
  {
    name: 'a function that acts as its owner belongs to the gate or the queue, every other one to the owner',
    violations: `with ${functions}
      select name as violation from functions
        where case when prosecdef then proowner::regrole::text not in ${keepers}
          else proowner <> 'tenantry_owner'::regrole end`,
    plants: [
      ['alter function app.own_organizations() owner to tenantry_owner', 'app.own_organizations()'],
      ['alter function app.organization_id() security definer', 'app.organization_id()'],
      ['alter function app.organization_id() owner to tenantry_app', 'app.organization_id()'],
    ],
  },
];
