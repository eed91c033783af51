import { Duration, RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { asText, environmentOfAlternatingUsers, environmentOfApiKey, environmentOfSingleUser } from './environment';
import { AlternatingUsersRotationProps, ApiKeyRotationProps, RotationOptions, SingleUserRotationProps } from './options';
import { AnyProps, Name, policiesOf } from './policies';

const SECRETS_MANAGER = 'secretsmanager.amazonaws.com';

/** When a secret is rotated. */
export interface RotationScheduleOptions {
  /**
   * How long after one rotation the next one is.
   * @default Duration.days(30)
   */
  readonly automaticallyAfter?: Duration;
  /**
   * Whether to rotate as soon as the schedule is made or changed.
   * @default false: a test rotation, which changes nothing
   */
  readonly rotateImmediately?: boolean;
}

/**
 * A function that rotates secrets.
 *
 * Its role reaches only the secrets that name the function, and nothing adds to it afterwards: what `addRotationSchedule` and the `grant` methods would
 * add is left out, as the options say what is allowed.
 */
export abstract class RotationFunction extends lambda.Function {
  /** The role, to name in policies of other accounts, of keys and of secrets. */
  public readonly rotationRole: iam.IRole;
  /** Only secrets whose names begin with this. */
  public readonly secretNamePrefix: string;
  /** The log. */
  public readonly rotationLogs: logs.ILogGroup;
  /** The prefix of the function's name. */
  public readonly namePrefix: string;
  /** What the function rotates: its name without the prefix. */
  public readonly kind: string;
  /** The function's name, as it is known before the function is made. */
  public readonly fixedName: string;

  private readonly options: RotationOptions;

  /**
   * @internal
   */
  protected constructor(scope: Construct, id: string, kind: Name, description: string, seconds: number, variables: object, options: RotationOptions) {
    const namePrefix = options.namePrefix ?? 'keywheel-';
    const functionName = `${namePrefix}${kind}`;
    const architecture = options.architecture ?? lambda.Architecture.ARM_64;
    const concurrency = options.reservedConcurrency ?? 10;
    const role = new iam.Role(scope, `${id}Role`, {
      description: `What ${kind} may do`,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      permissionsBoundary: options.permissionsBoundary,
      inlinePolicies: policiesOf(Stack.of(scope), kind, functionName, options as AnyProps),
    });
    const logGroup = new logs.LogGroup(scope, `${id}Logs`, {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: options.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      encryptionKey: options.logKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    super(scope, id, {
      // The role's policies name the function, and the function its role: a name that CDK makes up would be a circle.
      functionName,
      description,
      runtime: lambda.Runtime.PROVIDED_AL2023,
      handler: 'bootstrap',
      code: options.release.code(`${architecture.name === 'x86_64' ? 'x86_64' : 'arm64'}/${kind}.zip`),
      architecture,
      role: role.withoutPolicyUpdates(),
      timeout: options.timeout ?? Duration.seconds(seconds),
      memorySize: options.memorySize ?? 128,
      reservedConcurrentExecutions: concurrency > 0 ? concurrency : undefined,
      tracing: options.tracing ?? lambda.Tracing.PASS_THROUGH,
      environmentEncryption: options.environmentKey,
      environment: asText(variables as { [name: string]: string }),
      layers: (options as ApiKeyRotationProps).providerLayer ? [(options as ApiKeyRotationProps).providerLayer!] : undefined,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      applicationLogLevelV2: options.logLevel ?? lambda.ApplicationLogLevel.INFO,
      systemLogLevelV2: lambda.SystemLogLevel.WARN,
      vpc: options.vpc,
      vpcSubnets: options.vpcSubnets,
      securityGroups: options.vpc && (options.securityGroups ?? [securityGroupOf(scope, id, options.vpc)]),
    });
    this.options = options;
    this.rotationRole = role;
    this.rotationLogs = logGroup;
    this.namePrefix = namePrefix;
    this.kind = kind;
    this.fixedName = functionName;
    this.secretNamePrefix = options.secretNamePrefix ?? '';
    Tags.of(this).add('keywheel', 'rotation');
    this.grantInvoke(new iam.ServicePrincipal(SECRETS_MANAGER));
    if (options.onFailureDestinationArn !== undefined) {
      new lambda.CfnEventInvokeConfig(this, 'OnFailure', {
        functionName: this.functionName,
        qualifier: '$LATEST',
        destinationConfig: { onFailure: { destination: options.onFailureDestinationArn } },
      });
    }
  }

  /** As `lambda.Function`'s, but Secrets Manager may invoke the function for secrets of one account only: the function's, or `secretsAccount`. */
  public addPermission(id: string, permission: lambda.Permission): void {
    const invoker = permission.principal as { service?: string };
    const ofSecretsManager = invoker.service === SECRETS_MANAGER && permission.sourceAccount === undefined;
    const account = this.options.secretsAccount ?? Stack.of(this).account;
    super.addPermission(id, ofSecretsManager ? { ...permission, sourceAccount: account } : permission);
  }

  /**
   * Rotates a secret by this function: `secret.addRotationSchedule` with the checks that it lacks. A secret that the function's role does not reach is an
   * error here rather than in the first rotation.
   */
  public rotate(id: string, secret: secretsmanager.ISecret, options: RotationScheduleOptions = {}): secretsmanager.RotationSchedule {
    const name = secret.secretName;
    if (!Token.isUnresolved(name) && !name.startsWith(this.secretNamePrefix)) {
      throw new Error(`${secret.node.path}: the function may reach secrets below ${this.secretNamePrefix} only; the secret's name is ${name}`);
    }
    if (secret.encryptionKey && !(this.options.secretKeys ?? []).some((key) => key.keyArn === secret.encryptionKey?.keyArn)) {
      throw new Error(`${secret.node.path}: the function may not use the secret's key; name it in secretKeys`);
    }
    return secret.addRotationSchedule(id, {
      rotationLambda: this,
      automaticallyAfter: options.automaticallyAfter,
      rotateImmediatelyOnUpdate: options.rotateImmediately ?? false,
    });
  }
}

/** A security group that lets out what every function needs: port 443. `connections.allowTo` of the function adds the databases. */
function securityGroupOf(scope: Construct, id: string, vpc: ec2.IVpc): ec2.SecurityGroup {
  const group = new ec2.SecurityGroup(scope, `${id}SecurityGroup`, {
    vpc,
    description: 'Keywheel, out to the databases and to AWS',
    allowAllOutbound: false,
  });
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'to Secrets Manager');
  return group;
}

/** Rotates the password of one PostgreSQL user. */
export class SingleUserRotation extends RotationFunction {
  constructor(scope: Construct, id: string, props: SingleUserRotationProps) {
    const kind = 'rotate-postgres-single-user';
    super(scope, id, kind, 'Rotates the password of one PostgreSQL user', 30, environmentOfSingleUser(props), props);
  }
}

/** Rotates alternating PostgreSQL users. */
export class AlternatingUsersRotation extends RotationFunction {
  constructor(scope: Construct, id: string, props: AlternatingUsersRotationProps) {
    const kind = 'rotate-postgres-alternating-users';
    super(scope, id, kind, 'Rotates alternating PostgreSQL users', 60, environmentOfAlternatingUsers(props), props);
  }
}

/** Rotates API keys and OAuth client secrets. */
export class ApiKeyRotation extends RotationFunction {
  constructor(scope: Construct, id: string, props: ApiKeyRotationProps) {
    super(scope, id, 'rotate-api-key', 'Rotates API keys', 60, environmentOfApiKey(props), props);
  }
}
