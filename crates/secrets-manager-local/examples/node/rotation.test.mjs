// What a rotation function must do, the day that something breaks included.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CreateSecretCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { start } from './secrets-manager.mjs';

let server;
before(async () => {
  server = await start({ rotate: fileURLToPath(new URL('rotation.handler', import.meta.url)) });
});
after(() => server.stop());
beforeEach(async () => {
  await server.reset();
  const SecretString = JSON.stringify({ username: 'app', password: 'old' });
  await server.client.send(new CreateSecretCommand({ Name: 'db', SecretString }));
});

async function password(stage) {
  const value = await server.client.send(new GetSecretValueCommand({ SecretId: 'db', VersionStage: stage }));
  return JSON.parse(value.SecretString).password;
}

test('the password is new, and the old one is kept', async () => {
  const run = await server.rotate('db');
  assert.equal(run.outcome, 'succeeded');
  assert.equal(await password('AWSPREVIOUS'), 'old');
  assert.notEqual(await password('AWSCURRENT'), 'old');
});

test('a function that dies after a write goes on with what it wrote', async () => {
  await server.fault({ operation: 'PutSecretValue', function: 'rotate', effect: 'kill_after' });
  const run = await server.rotate('db');
  assert.deepEqual([run.outcome, run.attempts.length], ['succeeded', 2]);
  assert.equal(await password('AWSPREVIOUS'), 'old');
});
