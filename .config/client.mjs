import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTypes, { astToString, COMMENT_HEADER } from 'openapi-typescript';

// Makes the typed client out of openapi.json: a package in the folder that is named.

const [folder = 'dist/client'] = process.argv.slice(2);
const compiler = fileURLToPath(new URL('bin/tsc', import.meta.resolve('typescript-7/package.json')));

const types = await openapiTypes(readFileSync('openapi.json', 'utf8'));
writeFileSync('src/client/schema.ts', COMMENT_HEADER + astToString(types));
const { status } = spawnSync(process.execPath, [compiler, '-p', 'src/client', '--outDir', folder], {
  stdio: 'inherit',
});
if (status === 0) copyFileSync('src/client/package.json', join(folder, 'package.json'));
process.exitCode = status ?? 1;
