import { Controller, Get, Injectable, Module, Query } from '@nestjs/common';
import { AppModule } from '../../src/app.module.ts';
import { Access } from '../../src/core/access/index.ts';
import { Database, sql } from '../../src/core/database/index.ts';
import {
  CursorPageOf,
  CursorQuery,
  Identifier,
  ListParameter,
  Page,
  PageOf,
  PageQuery,
  rules,
  SearchParameter,
  selectionOf,
  SortParameter,
  Text,
  Timestamp,
} from '../../src/core/http/index.ts';
import { anyOf, contains, List, textKey, timeKey, within } from '../../src/core/lists/index.ts';
import type { TestDatabase } from './database.ts';

/** A plain tenant table, with an index for each order. `color` may be null, and is sorted by as the recipe advises. */
const TABLE = `
  create table kinds (
    organization_id uuid not null default app.organization_id() references organizations (id),
    id uuid not null default uuidv7(),
    label text not null,
    primary key (organization_id, id)
  );
  select app.protect_table('kinds', 'organization', 'organization_id');
  create table things (
    organization_id uuid not null default app.organization_id() references organizations (id),
    id uuid not null default uuidv7(),
    name text not null,
    name_key text collate pg_c_utf8 not null generated always as (lower(name collate pg_c_utf8)) stored,
    color text,
    color_key text collate pg_c_utf8 not null generated always as (coalesce(lower(color collate pg_c_utf8), '')) stored,
    kind_id uuid,
    created_at timestamptz(6) not null default now(),
    sold_at timestamptz(6),
    primary key (organization_id, id),
    foreign key (organization_id, kind_id) references kinds (organization_id, id)
  );
  create index on things (organization_id, name_key, id);
  create index on things (organization_id, color_key, id);
  create index on things (organization_id, created_at, id);
  select app.protect_table('things', 'organization', 'organization_id');
  grant select on kinds, things to tenantry_app;`;

export interface Thing {
  readonly id: string;
  readonly name: string;
  readonly color: string | null;
  readonly createdAt: Date;
  readonly kind: string | null;
}

export const things = new List<Thing>({
  from: sql`things`,
  join: sql`left join kinds on kinds.organization_id = page.organization_id and kinds.id = page.kind_id`,
  columns: sql`page.id, page.name, page.color, page.created_at as "createdAt", kinds.label as kind`,
  keys: {
    name: textKey(sql`name_key`),
    color: textKey(sql`color_key`),
    created_at: timeKey(sql`created_at`),
    // As one must not: it may be null.
    sold_at: timeKey(sql`sold_at`),
  },
});

class ThingsQuery extends PageQuery {
  @SearchParameter('name or color')
  q?: string;

  @ListParameter(rules.identifier())
  kind_id?: string[];

  @ListParameter(rules.text())
  color?: string[];

  @Timestamp({ optional: true })
  created_after?: string;

  @Timestamp({ optional: true })
  created_before?: string;

  @SortParameter(['name', 'color', 'created_at', 'sold_at'])
  sort: string[] = ['name'];
}

class ListedThingResponse {
  @Identifier()
  id: string;

  @Text()
  name: string;

  @Text({ nullable: true })
  color: string | null;

  @Text({ nullable: true })
  kind: string | null;
}

function toThing({ id, name, color, kind }: Thing): ListedThingResponse {
  return { id, name, color, kind };
}

@Injectable()
class ThingsRepository {
  constructor(private readonly database: Database) {}

  async list(query: ThingsQuery) {
    return things.read(this.database, selectionOf(query), [
      contains([sql`name_key`, sql`color_key`], query.q),
      anyOf(sql`kind_id`, 'uuid', query.kind_id),
      anyOf(sql`color`, 'text', query.color),
      within(sql`created_at`, { after: query.created_after, before: query.created_before }),
    ]);
  }

  async log(query: CursorQuery) {
    return things.read(this.database, selectionOf(query, ['-created_at']));
  }
}

@Controller('organizations/:organization_id')
class ListedThingsController {
  constructor(private readonly repository: ThingsRepository) {}

  @Get('things')
  @Access.member()
  @PageOf(ListedThingResponse)
  async list(@Query() query: ThingsQuery): Promise<Page<ListedThingResponse>> {
    return Page.of(query, await this.repository.list(query), toThing);
  }

  @Get('log')
  @Access.member()
  @CursorPageOf(ListedThingResponse)
  async log(@Query() query: CursorQuery): Promise<Page<ListedThingResponse>> {
    return Page.of(query, await this.repository.log(query), toThing);
  }

  /** The same rows in the same order, and another list all the same. */
  @Get('journal')
  @Access.member()
  @CursorPageOf(ListedThingResponse)
  async journal(@Query() query: CursorQuery): Promise<Page<ListedThingResponse>> {
    return this.log(query);
  }
}

/** The application with a resource of the test's own; `makeThings` brings its table. */
@Module({ imports: [AppModule], controllers: [ListedThingsController], providers: [ThingsRepository] })
export class ThingsModule {}

export async function makeThings(database: TestDatabase): Promise<void> {
  await database.query(TABLE);
}
