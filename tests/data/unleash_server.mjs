// Unleash on a free port of 127.0.0.1, for as long as this program's standard input is open.
//
// node unleash_server.mjs NODE_MODULES; the database and the first admin token are in the environment, by the names
// that Unleash itself has for them. Prints the port once it listens.

import { pathToFileURL } from 'node:url';

// Whoever started us holds the other end, and the kernel closes it when they are gone, even if they were killed.
process.stdin.on('end', () => process.exit(0)).resume();

// It asks nobody outside for its newest version, and tells nobody of itself.
Object.assign(process.env, { CHECK_VERSION: 'false', SEND_TELEMETRY: 'false' });
const { start } = await import(pathToFileURL(`${process.argv[2]}/unleash-server/dist/lib/server-impl.js`));
const unleash = await start({ server: { host: '127.0.0.1', port: 0, gracefulShutdownEnable: false } });
console.log(unleash.server.address().port);
