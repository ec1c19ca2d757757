import {
  Body,
  Controller,
  Delete,
  type DynamicModule,
  Get,
  HttpCode,
  Injectable,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { v7 as uuid } from 'uuid';
import { AppModule } from '../../src/app.module.ts';
import { Access, StepUp } from '../../src/core/access/index.ts';
import { currentContext } from '../../src/core/context/context.ts';
import { Database } from '../../src/core/database/index.ts';
import {
  type Answer,
  created,
  Identifier,
  IfMatch,
  Line,
  Page,
  PageOf,
  PageQuery,
  PathId,
  Precondition,
  Problem,
  Refuses,
  Resource,
  selectionOf,
  versioned,
} from '../../src/core/http/index.ts';

/** A name that is always another's. */
export const TAKEN = 'Taken';

class ThingRequest {
  @Line({ min: 1, max: 20 })
  name: string;
}

class ThingResponse {
  @Identifier()
  id: string;

  @Line()
  name: string;
}

interface Row {
  readonly organizationId: string | null | undefined;
  readonly name: string;
  readonly version: number;
}

/**
 * Rows of organisations, kept in memory: what a feature's service and repository are, as far as the order of judgement goes.
 * Nothing happens before the scope has been entered, as nothing would in the database.
 */
@Injectable()
class Things {
  readonly #rows = new Map<string, Row>();

  constructor(private readonly database: Database) {}

  async create(name: string): Promise<string> {
    await this.database.enter();
    if (name === TAKEN) throw new Problem('already_exists');
    const id = uuid();
    this.#rows.set(id, { organizationId: currentContext().scope?.organizationId, name, version: 1 });
    return id;
  }

  async find(id: string): Promise<Row> {
    await this.database.enter();
    const row = this.#visible(id);
    if (!row) throw new Problem('not_found');
    return row;
  }

  #visible(id: string): Row | undefined {
    const row = this.#rows.get(id);
    return row?.organizationId === currentContext().scope?.organizationId ? row : undefined;
  }

  async versionOf(id: string): Promise<number | undefined> {
    return this.#visible(id)?.version;
  }

  async update(id: string, name: string, precondition: Precondition): Promise<Row> {
    const row = await this.find(id);
    precondition.verify(row.version);
    if (name === TAKEN) throw new Problem('already_exists');
    const changed = { ...row, name, version: row.version + 1 };
    this.#rows.set(id, changed);
    return changed;
  }

  async delete(id: string, precondition: Precondition): Promise<void> {
    precondition.verify((await this.find(id)).version);
    this.#rows.delete(id);
  }
}

@ApiTags('Things')
@Controller('organizations/:organization_id/things')
@Resource(Things)
class ThingsController {
  constructor(private readonly things: Things) {}

  @Post()
  @Access('organization:update')
  @ApiOperation({ summary: 'Add a thing' })
  @ApiCreatedResponse({ type: ThingResponse })
  @Refuses('already_exists')
  async create(@Body() { name }: ThingRequest): Promise<Answer<ThingResponse>> {
    const id = await this.things.create(name);
    return created(id, { id, name }, 1);
  }

  @Get()
  @Access('organization:update')
  @ApiOperation({ summary: 'List things' })
  @PageOf(ThingResponse)
  list(@Query() query: PageQuery): Page<ThingResponse> {
    selectionOf(query);
    return Page.of<ThingResponse, ThingResponse>(query, { rows: [], counted: 0 }, (row) => row);
  }

  @Get(':thing_id')
  @Access.member()
  @ApiOperation({ summary: 'Read a thing' })
  @ApiOkResponse({ type: ThingResponse })
  async read(@PathId('thing_id') id: string): Promise<Answer<ThingResponse>> {
    const { name, version } = await this.things.find(id);
    return versioned(version, { id, name });
  }

  @Get(':thing_id/parts')
  @Access.member()
  @ApiOperation({ summary: 'List the parts of a thing' })
  @PageOf(ThingResponse)
  async parts(@PathId('thing_id') id: string, @Query() query: PageQuery): Promise<Page<ThingResponse>> {
    await this.things.find(id);
    return this.list(query);
  }

  @Post(':thing_id/copies')
  @Access('organization:update')
  @ApiOperation({ summary: 'Copy a thing' })
  @ApiCreatedResponse({ type: ThingResponse })
  @Refuses('already_exists')
  async copy(@PathId('thing_id') id: string, @Body() { name }: ThingRequest): Promise<Answer<ThingResponse>> {
    await this.things.find(id);
    const copyId = await this.things.create(name);
    return created(copyId, { id: copyId, name }, 1);
  }

  @Patch(':thing_id')
  @Access('organization:update')
  @ApiOperation({ summary: 'Change a thing' })
  @ApiOkResponse({ type: ThingResponse })
  @Refuses('already_exists')
  async update(
    @PathId('thing_id') id: string,
    @Body() { name }: ThingRequest,
    @IfMatch() precondition: Precondition,
  ): Promise<Answer<ThingResponse>> {
    const { version } = await this.things.update(id, name, precondition);
    return versioned(version, { id, name });
  }

  @Delete(':thing_id')
  @HttpCode(204)
  @Access('organization:update')
  @StepUp()
  @ApiOperation({ summary: 'Remove a thing' })
  @ApiNoContentResponse()
  async remove(@PathId('thing_id') id: string, @IfMatch() precondition: Precondition): Promise<void> {
    await this.things.delete(id, precondition);
  }
}

/** The whole application with routes about rows of an organisation, so that tests made from the routes have such. */
export const withThings: DynamicModule = { module: AppModule, controllers: [ThingsController], providers: [Things] };
