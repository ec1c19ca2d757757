export { DatabaseModule } from './database.module.ts';
export { Database } from './database.ts';
export { encrypted } from './encrypted-field.ts';
export { databaseFault, isRefusedByPolicy, toProblem } from './faults.ts';
export { Scope } from './scope.ts';
export type { Statement } from './statement.ts';
export { sql, join, Sql } from './sql.ts';
