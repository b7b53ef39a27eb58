// Writes a .br and a .gz beside every built text file, and fails if the first page outgrows its budget.
//
// The first page is what a browser fetches until a person who opens the console for the first time has logged in
// and sees Live: index.html, its scripts, style sheets and chunks, those of both pages, and the Latin font.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const DIST = new URL('../dist/', import.meta.url).pathname
const BUDGET_BYTES = 300_000
const TEXT = /\.(html|js|css|svg|json|webmanifest|txt)$/

const files = readdirSync(DIST, { recursive: true }).filter((name) => statSync(join(DIST, name)).isFile())
const sizes = new Map()
for (const name of files) {
  if (/\.(br|gz)$/.test(name)) continue
  const bytes = readFileSync(join(DIST, name))
  if (!TEXT.test(name)) {
    sizes.set(name, bytes.length)
    continue
  }
  const gzip = gzipSync(bytes, { level: 9 })
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })
  sizes.set(name, gzip.length)
  // The hub puts a nonce into index.html on each answer, so only the other files are kept compressed.
  if (name === 'index.html') continue
  writeFileSync(join(DIST, `${name}.gz`), gzip)
  writeFileSync(join(DIST, `${name}.br`), brotli)
}

const manifest = JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8'))
const firstPage = new Set(['index.html', 'scheme.js', 'favicon.svg'])
const visit = (key, seen = new Set()) => {
  if (seen.has(key)) return
  seen.add(key)
  const chunk = manifest[key]
  firstPage.add(chunk.file)
  for (const style of chunk.css ?? []) firstPage.add(style)
  for (const other of chunk.imports ?? []) visit(other, seen)
}
visit('index.html')
for (const page of ['session/LogInPage', 'shell/Shell', 'live/LivePage']) visit(`src/${page}.tsx`)
for (const name of sizes.keys()) if (/inter-latin-wght/.test(name)) firstPage.add(name)

let total = 0
for (const name of [...firstPage].sort()) {
  const size = sizes.get(name)
  if (size === undefined) throw new Error(`the first page names ${name}, which the build did not write`)
  total += size
}
console.log(
  `first page: ${(total / 1000).toFixed(1)} kB of ${BUDGET_BYTES / 1000} kB, gzip, in ${firstPage.size} files`,
)
if (total > BUDGET_BYTES) {
  console.error('the first page is over its budget')
  process.exit(1)
}
