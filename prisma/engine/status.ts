import { actingAs } from './connection.ts';
import { migrationList, tenantry, type Project } from './project.ts';
import { filters, withSchemaEngine } from './schema-engine.ts';

/** How a database stands to the migrations; every list holds names of migrations. */
export interface Status {
  /** In the folder, not in the database. */
  readonly pending: readonly string[];
  /** In the database, not in the folder. */
  readonly unknown: readonly string[];
  /** Begun and not finished; nothing else is applied until they are rolled back. */
  readonly failed: readonly string[];
  /** Changed in the folder after they were applied. */
  readonly edited: readonly string[];
}

/** Compares the database at `url` with the migrations; changes nothing. */
export async function status(url: string, project: Project = tenantry): Promise<Status> {
  const migrationsList = await migrationList(project);
  const input = { migrationsList, optInToShadowDatabase: false, filters };
  return withSchemaEngine(project, { url: actingAs(url, 'tenantry_owner') }, async (engine) => {
    const { history, failedMigrationNames, editedMigrationNames } = await engine.diagnoseMigrationHistory(input);
    return {
      pending: history && 'unappliedMigrationNames' in history ? history.unappliedMigrationNames : [],
      unknown: history && 'unpersistedMigrationNames' in history ? history.unpersistedMigrationNames : [],
      failed: failedMigrationNames,
      edited: editedMigrationNames,
    };
  });
}
