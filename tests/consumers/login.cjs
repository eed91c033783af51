// What the consumers in Node have in common: for each line on standard input they log in with their secret as it is, and print `ok` or
// `refused`.

const { readFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
const { Client } = require('pg');

exports.answer = async function (logIn) {
    for await (const _ of createInterface({ input: process.stdin })) console.log((await logIn()) ? 'ok' : 'refused');
};

// What the secret does not have is in PGHOST and the like.
exports.accepts = async function ({ username, password, host, port, database }) {
    const ssl = { ca: readFileSync(process.env.PGSSLROOTCERT) };
    const client = new Client({ user: username, password, host, port, database, ssl });
    try {
        await client.connect();
        return true;
    } catch (error) {
        if (error.code !== '28P01') throw error;
        return false;
    } finally {
        await client.end();
    }
};
