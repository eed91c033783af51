// A local Secrets Manager for node:test, vitest or the like: copy this file beside your tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { RotateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const program = process.env.SECRETS_MANAGER_LOCAL ?? 'secrets-manager-local';

// `functions` has a handler or a program for each name: { rotate: 'rotation.handler' }
export async function start(functions, { region = 'us-east-1' } = {}) {
  const hosted = Object.entries(functions).map(([name, handler]) => `--function=${name}=${handler}`);
  const options = ['serve', '--with-parent', `--node=${process.execPath}`, `--region=${region}`, ...hosted];
  const server = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { value: line } = await createInterface({ input: server.stdout })[Symbol.asyncIterator]().next();
  // What stands in the way is on stderr.
  if (!line) throw new Error('secrets-manager-local did not start');
  const announced = JSON.parse(line);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new SecretsManagerClient({ endpoint: announced.url, region, credentials });

  // A call of what AWS has no call for, under /_local.
  const local = async (method, path, body) => {
    const answer = await fetch(`${announced.url}/_local/${path}`, { method, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  return {
    ...announced,
    client,
    local,
    // Forgets every secret, fault and call.
    reset: () => local('POST', 'reset'),
    // Makes calls fail: the README of secrets-manager-local has the effects.
    fault: (fault) => local('POST', 'faults', fault),
    // Rotates a secret, and waits for the end: what came of it, with its attempts and steps.
    async rotate(secretId, functionArn = announced.functions[0]) {
      const begun = await client.send(new RotateSecretCommand({ SecretId: secretId, RotationLambdaARN: functionArn }));
      return local('GET', `rotations/${begun.VersionId}?secret=${encodeURIComponent(begun.ARN)}`);
    },
    async stop() {
      client.destroy();
      server.kill();
      await once(server, 'exit');
    },
  };
}
