import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, dirname } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { MigrationAdapter } from './adapter.ts';
import { schemaFiles, type Project } from './project.ts';

// The name under which the WebAssembly file asks for its JavaScript half.
const IMPORTS = './schema_engine_bg.js';

/** Nothing of the schema is managed by anybody but Prisma. */
export const filters: bindings.SchemaFilter = { externalTables: [], externalEnums: [] };

let loading: Promise<void> | undefined;

/**
 * Runs `work` with Prisma's schema engine (the WebAssembly that Prisma itself carries, so nothing is downloaded) on the
 * database at `url`, and closes what the engine opened. `shadowUrl`: an empty database for it to try the migrations in.
 */
export async function withSchemaEngine<T>(
  project: Project,
  { url, shadowUrl }: { url: string; shadowUrl?: string },
  work: (engine: bindings.SchemaEngine) => Promise<T>,
): Promise<T> {
  await (loading ??= load());
  const datamodels = (await schemaFiles(project)).map(({ path, content }): [string, string] => [path, content]);
  const adapter = new MigrationAdapter(url, shadowUrl);
  try {
    const bound = bindMigrationAwareSqlAdapterFactory(adapter);
    const engine = await bindings.SchemaEngine.new({ datamodels }, () => undefined, bound);
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    await adapter.close();
  }
}

async function load(): Promise<void> {
  // A panic ends the process with no more than "unreachable": its reason comes only this way.
  const registry = { set_message: (message: string) => console.error(`Prisma's schema engine: ${message}`) };
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: registry });
  const entry = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const binary = await readFile(join(dirname(entry), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(binary, { [IMPORTS]: impatient(bindings) });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports['__wbindgen_start']?.();
}

/** The JavaScript half, with timers that don't hold the process open: the engine leaves one of 10 s behind. */
function impatient(module: object): WebAssembly.ModuleImports {
  const timer = (work: () => void, delay: number) => setTimeout(work, delay).unref();
  return Object.fromEntries(
    Object.entries(module).map(([name, binding]) => [name, name.startsWith('__wbg_setTimeout_') ? timer : binding]),
  );
}
