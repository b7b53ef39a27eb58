// Writes a .br and a .gz beside every built text file, and fails if the first page outgrows its budget.
//
// The budget holds twice: for the log-in page with everything that it loads, by gzip, which every client takes; and
// for the whole first visit until a person has logged in and sees Live, by brotli, which every browser takes.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const DIST = new URL('../dist/', import.meta.url).pathname
const BUDGET_BYTES = 300_000
const TEXT = /\.(html|js|css|svg|json|webmanifest|txt)$/

const files = readdirSync(DIST, { recursive: true }).filter((name) => statSync(join(DIST, name)).isFile())
const gzipped = new Map()
const squeezed = new Map()
for (const name of files) {
  if (/\.(br|gz)$/.test(name)) continue
  const bytes = readFileSync(join(DIST, name))
  if (!TEXT.test(name)) {
    gzipped.set(name, bytes.length)
    squeezed.set(name, bytes.length)
    continue
  }
  const gzip = gzipSync(bytes, { level: 9 })
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })
  gzipped.set(name, gzip.length)
  squeezed.set(name, brotli.length)
  // The hub puts a nonce into index.html on each answer, so only the other files are kept compressed.
  if (name === 'index.html') continue
  writeFileSync(join(DIST, `${name}.gz`), gzip)
  writeFileSync(join(DIST, `${name}.br`), brotli)
}

const manifest = JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8'))

/** index.html, the pages named, and every file that they load before anything shows. */
function filesOf(pages) {
  const files = new Set(['index.html', 'scheme.js', 'favicon.svg'])
  const visit = (key) => {
    const chunk = manifest[key]
    if (!chunk) throw new Error(`the build has no ${key}`)
    if (files.has(chunk.file)) return
    files.add(chunk.file)
    for (const style of chunk.css ?? []) files.add(style)
    for (const other of chunk.imports ?? []) visit(other)
  }
  for (const page of ['index.html', ...pages]) visit(page)
  for (const name of gzipped.keys()) if (/inter-latin-wght/.test(name)) files.add(name)
  return [...files]
}

function check(what, pages, sizes) {
  const files = filesOf(pages)
  const total = files.reduce((sum, name) => sum + sizes.get(name), 0)
  console.log(`${what}: ${(total / 1000).toFixed(1)} kB of ${BUDGET_BYTES / 1000} kB in ${files.length} files`)
  if (total <= BUDGET_BYTES) return
  console.error(`${what} is over its budget`)
  process.exitCode = 1
}

check('log-in page, gzip', ['src/session/LogInPage.tsx'], gzipped)
const INSIDE = ['src/session/LogInPage.tsx', 'src/shell/Shell.tsx', 'src/home/HomePage.tsx']
check('first visit, brotli', INSIDE, squeezed)
check('first visit up to Live, brotli', [...INSIDE, 'src/live/LivePage.tsx'], squeezed)
