import { Injectable } from '@nestjs/common';
import { systemRoleIds } from '../../core/access/index.ts';
import { Database, sql } from '../../core/database/index.ts';
import { anyOf, contains, List, type Rows, type Selection, textKey, timeKey } from '../../core/lists/index.ts';
import type { JsonObject } from './merge-patch.ts';

/** An organisation with the caller's membership in it. */
export interface OwnOrganization {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly metadata: JsonObject;
  /** Counted by the database at every update. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly memberId: string;
  readonly memberStatus: string;
  readonly roles: readonly string[];
}

export interface Organization extends OwnOrganization {
  readonly memberCount: number;
  readonly teamCount: number;
}

export interface NewOrganization {
  readonly name: string;
  readonly slug: string;
  readonly metadata: JsonObject;
  /** The id of its first member, who is its owner. */
  readonly memberId: string;
}

export type OrganizationFields = Pick<Organization, 'name' | 'slug' | 'metadata'>;

export interface OwnOrganizationsFilter {
  readonly q?: string | undefined;
  readonly slugs?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly selection: Selection;
}

/** The organisation of the scope, which shows no other. */
const current = sql`
  select o.id, o.name, o.slug, o.metadata, o.version, o.created_at as "createdAt",
    o.updated_at as "updatedAt", m.id as "memberId", m.status as "memberStatus",
    array(
      select r.key from member_roles h join roles r on r.organization_id = h.organization_id and r.id = h.role_id
        where h.member_id = m.id order by r.key
    ) as roles,
    (select count(*)::int from members where status <> 'removed') as "memberCount",
    (select count(*)::int from teams where deleted_at is null) as "teamCount"
    from organizations o join members m on m.user_id = app.user_id() and m.status <> 'removed'`;

/** Those of one caller are few, and come from a function that no index serves: so their name is a key as it is folded here. */
const own = new List<OwnOrganization>({
  with: sql`own as materialized (select * from app.own_organizations())`,
  from: sql`own`,
  columns: sql`
    id, name, slug, metadata, version, created_at as "createdAt", updated_at as "updatedAt", member_id as "memberId",
    member_status as "memberStatus", roles`,
  // People look for "acme" between "Able" and "Beta"; the collation is named, so that every server sorts alike.
  keys: { name: textKey(sql`lower(name collate pg_c_utf8)`), created_at: timeKey(sql`created_at`) },
});

@Injectable()
export class OrganizationsRepository {
  constructor(private readonly database: Database) {}

  /** Makes the scope's organisation with the caller as its owner. @returns false, and nothing made, where the slug is taken */
  async insert({ name, slug, metadata, memberId }: NewOrganization): Promise<boolean> {
    const rows = await this.database.query(sql`
      with organization as (
        insert into organizations (id, name, slug, metadata)
          values (app.organization_id(), ${name}, ${slug}, ${JSON.stringify(metadata)}::jsonb)
          on conflict (slug) do nothing returning id
      ), member as (
        insert into members (id, user_id) select ${memberId}::uuid, app.user_id() from organization returning id
      )
      insert into member_roles (member_id, role_id) select id, ${systemRoleIds.owner}::uuid from member returning member_id`);
    return rows.length === 1;
  }

  /** @returns undefined where the caller's membership has ended this moment */
  async find(): Promise<Organization | undefined> {
    const [organization] = await this.database.query<Organization>(current);
    return organization;
  }

  async isDeleted(): Promise<boolean> {
    const { isDeleted } = await this.database.one<{ isDeleted: boolean }>(sql`
      select deleted_at is not null as "isDeleted" from organizations`);
    return isDeleted;
  }

  /** @returns what the database made of the change */
  async update(id: string, { name, slug, metadata }: OrganizationFields): Promise<Touched> {
    return this.database.one<Touched>(sql`
      update organizations set name = ${name}, slug = ${slug}, metadata = ${JSON.stringify(metadata)}::jsonb
        where id = ${id}::uuid returning version, updated_at as "updatedAt"`);
  }

  async delete(): Promise<void> {
    await this.database.one(sql`update organizations set deleted_at = now() returning id`);
  }

  async restore(): Promise<void> {
    await this.database.one(sql`update organizations set deleted_at = null returning id`);
  }

  /** @returns a page of the caller's own organisations */
  async list({ q, slugs, roles, selection }: OwnOrganizationsFilter): Promise<Rows<OwnOrganization>> {
    return own.read(this.database, selection, [
      contains([sql`lower(name collate pg_c_utf8)`], q),
      anyOf(sql`slug`, 'text', slugs),
      roles && sql`roles && ${roles}::text[]`,
    ]);
  }
}

type Touched = Pick<Organization, 'version' | 'updatedAt'>;
