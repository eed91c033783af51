// A rotation function: the four steps, for a secret that is a JSON object with a password.
import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';

const client = new SecretsManagerClient();

export async function handler(event) {
  const { SecretId, ClientRequestToken: token, RotationToken } = event;
  const { VersionIdsToStages: stages } = await client.send(new DescribeSecretCommand({ SecretId }));
  if (stages[token]?.includes('AWSCURRENT')) return;
  if (!stages[token]?.includes('AWSPENDING')) throw new Error(`version ${token} is not AWSPENDING`);
  const pending = () =>
    client.send(new GetSecretValueCommand({ SecretId, VersionId: token, VersionStage: 'AWSPENDING' }));
  switch (event.Step) {
    case 'createSecret': {
      try {
        await pending();
        return;
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
      const current = await client.send(new GetSecretValueCommand({ SecretId }));
      const { RandomPassword } = await client.send(new GetRandomPasswordCommand({ ExcludePunctuation: true }));
      const SecretString = JSON.stringify({ ...JSON.parse(current.SecretString), password: RandomPassword });
      const version = { SecretId, ClientRequestToken: token, SecretString, VersionStages: ['AWSPENDING'], RotationToken };
      await client.send(new PutSecretValueCommand(version));
      return;
    }
    case 'setSecret':
      await pending();
      // Here the pending password is set where it is used.
      return;
    case 'testSecret':
      await pending();
      // And here it is used once.
      return;
    case 'finishSecret': {
      const current = Object.keys(stages).find((version) => stages[version].includes('AWSCURRENT'));
      const move = { SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: current };
      await client.send(new UpdateSecretVersionStageCommand(move));
      return;
    }
    default:
      throw new Error(`no step is called ${event.Step}`);
  }
}
