// What the built pages weigh as they travel, and that the JavaScript stays within its budget.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET_KB = 400;
const assets = fileURLToPath(new URL('../../src/covalent/ui/assets/', import.meta.url));

const sizes = readdirSync(assets).map((name) => ({ name, bytes: gzipSync(readFileSync(assets + name)).length }));
sizes.sort((a, b) => b.bytes - a.bytes);
for (const { name, bytes } of sizes) console.log(`${(bytes / 1000).toFixed(1).padStart(8)} kB  ${name}`);

const scripts = sizes.filter(({ name }) => name.endsWith('.js')).reduce((sum, { bytes }) => sum + bytes, 0) / 1000;
console.log(`${scripts.toFixed(1).padStart(8)} kB  of JavaScript, compressed; at most ${BUDGET_KB} kB`);
if (scripts > BUDGET_KB) process.exit(1);
