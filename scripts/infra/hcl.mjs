// Terraform's own parser (HashiCorp's HCL library, compiled to WebAssembly). Reads {"files": {name: text}} and answers with {name: JSON}; fails on the first file
// that does not parse.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const require = createRequire(join(process.argv[2], 'package.json'))
const { parse } = require('@cdktf/hcl2json')

const { files } = JSON.parse(readFileSync(0, 'utf8'))
const parsed = {}
for (const [name, text] of Object.entries(files)) parsed[name] = await parse(name, text)
process.stdout.write(JSON.stringify(parsed), () => process.exit(0))
