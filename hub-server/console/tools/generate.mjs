// Writes src/api/schema.ts from the hub's committed OpenAPI document; with --check it only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import openapi, { astToString } from 'openapi-typescript'
import { format, resolveConfig } from 'prettier'

const DOCUMENT = new URL('../../openapi.json', import.meta.url)
const SCHEMA = new URL('../src/api/schema.ts', import.meta.url)

if (!existsSync(DOCUMENT)) {
  console.error('hub-server/openapi.json is missing: write it with `hub-server openapi`')
  process.exit(1)
}

const header = '// Written by `npm run generate` from ../openapi.json. Do not edit.\n\n'
const source = header + astToString(await openapi(JSON.parse(readFileSync(DOCUMENT, 'utf8'))))
const style = await resolveConfig(SCHEMA)
const wanted = await format(source, { ...style, parser: 'typescript' })

if (!process.argv.includes('--check')) {
  writeFileSync(SCHEMA, wanted)
} else if (!existsSync(SCHEMA) || readFileSync(SCHEMA, 'utf8') !== wanted) {
  console.error('src/api/schema.ts does not match hub-server/openapi.json: run `npm run generate`')
  process.exit(1)
}
