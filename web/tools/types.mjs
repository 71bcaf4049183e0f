// Makes src/api/schema.d.ts from the server's description of itself; with --check says whether it is current.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));
const target = fileURLToPath(new URL('../src/api/schema.d.ts', import.meta.url));
const own = `${root}.venv/bin/python`;
const python = process.env.PYTHON ?? (existsSync(own) ? own : 'python3');

const code = 'import json; from covalent.api.app import openapi_document; print(json.dumps(openapi_document()))';
const document = JSON.parse(execFileSync(python, ['-c', code], { encoding: 'utf8', maxBuffer: 2 ** 26 }));
// The version of the server is no part of the types.
document.info.version = '';
const types = `// Made by 'npm run types' from the server's OpenAPI document.\n${astToString(await openapiTS(document))}`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, types);
} else if (!existsSync(target) || readFileSync(target, 'utf8') !== types) {
  console.error("src/api/schema.d.ts is not what the server's description says: run 'npm run types'.");
  process.exit(1);
}
