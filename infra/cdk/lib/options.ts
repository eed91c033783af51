import { Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { ReleaseFiles } from './release-files';

/** A role to assume on the way to secrets of another account. */
export interface AssumedRole {
  /** Its ARN. */
  readonly roleArn: string;
  /**
   * Its external ID.
   * @default - it asks for none
   */
  readonly externalId?: string;
}

/** The URLs of AWS services other than AWS's own. */
export interface Endpoints {
  /**
   * Of every service that has none of its own here.
   * @default - AWS's own
   */
  readonly aws?: string;
  /**
   * Of Secrets Manager, such as that of an interface endpoint without private DNS.
   * @default - AWS's own
   */
  readonly secretsManager?: string;
  /**
   * Of STS.
   * @default - AWS's own
   */
  readonly sts?: string;
  /**
   * Of the RDS API.
   * @default - AWS's own
   */
  readonly rds?: string;
  /**
   * Of IAM, for the provider aws-iam.
   * @default - AWS's own
   */
  readonly iam?: string;
}

/** What can be set on every rotation function. */
export interface RotationOptions {
  /** The zip files. */
  readonly release: ReleaseFiles;
  /**
   * A prefix of the function's name. A second function of a kind in the same account and region needs another one.
   * @default keywheel-
   */
  readonly namePrefix?: string;
  /**
   * The architecture.
   * @default - arm64
   */
  readonly architecture?: lambda.Architecture;
  /**
   * The time limit. 30 seconds is that of AWS's hosted functions. An Aurora cluster that is paused takes some 20 seconds to resume; providers take
   * seconds until a new key is known everywhere.
   * @default - 30 seconds for single users, 60 for the others
   */
  readonly timeout?: Duration;
  /**
   * The memory, in MB. A rotation holds 8 to 10 MiB.
   * @default 128
   */
  readonly memorySize?: number;
  /**
   * How many rotation steps run at once, so that a fleet does not flood a database. 0 or less reserves nothing (a new account has too few to reserve any).
   * @default 10
   */
  readonly reservedConcurrency?: number;
  /**
   * Whether Lambda sends a trace of each invocation to X-Ray.
   * @default lambda.Tracing.PASS_THROUGH
   */
  readonly tracing?: lambda.Tracing;
  /**
   * The customer managed key that encrypts the environment variables.
   * @default - Lambda's own key
   */
  readonly environmentKey?: kms.IKey;
  /**
   * A queue, topic, function or event bus for asynchronous invocations that failed, if your organisation asks for one. Secrets Manager invokes
   * synchronously and retries by itself, so it gets nothing from rotations. Its records hold events, with their RotationToken.
   * @default - none
   */
  readonly onFailureDestinationArn?: string;
  /**
   * A permissions boundary for the role.
   * @default - none
   */
  readonly permissionsBoundary?: iam.IManagedPolicy;

  /**
   * Only secrets whose names begin with this, such as myapp/prod/.
   * @default - every secret that names the function as its rotation function
   */
  readonly secretNamePrefix?: string;
  /**
   * The customer managed keys of the secrets.
   * @default - none: the key aws/secretsmanager needs no permission
   */
  readonly secretKeys?: kms.IKey[];
  /**
   * The account that has the secrets.
   * @default - the stack's
   */
  readonly secretsAccount?: string;
  /**
   * The roles to assume, one after the other, to reach the secrets.
   * @default - none
   */
  readonly assumeRoles?: AssumedRole[];
  /**
   * How long createSecret and setSecret wait for replicas in other regions before they change anything: up to 900 seconds.
   * @default - 10 seconds
   */
  readonly replicaWait?: Duration;

  /**
   * The VPC from which the server or the provider is reached. The function needs network access to Secrets Manager from there.
   * @default - outside of any VPC
   */
  readonly vpc?: ec2.IVpc;
  /**
   * The subnets of it.
   * @default - the private ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * The function's security groups.
   * @default - one is made, which lets out port 443 and what `connections` of the function is told
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * The length of new passwords.
   * @default 32
   */
  readonly passwordLength?: number;
  /**
   * The characters that new passwords, or client secrets that are chosen here, never have.
   * @default - for passwords :/@"'\ and for client secrets all but letters, digits and -._~
   */
  readonly excludeCharacters?: string;
  /**
   * Whether new passwords have no digits.
   * @default false
   */
  readonly excludeNumbers?: boolean;
  /**
   * Whether new passwords have no punctuation.
   * @default false
   */
  readonly excludePunctuation?: boolean;
  /**
   * Whether new passwords have no upper-case letters.
   * @default false
   */
  readonly excludeUppercase?: boolean;
  /**
   * Whether new passwords have no lower-case letters.
   * @default false
   */
  readonly excludeLowercase?: boolean;
  /**
   * Whether a new password has at least one character of each type that is not excluded.
   * @default true
   */
  readonly requireEachIncludedType?: boolean;
  /**
   * Whether a space may be in a new password.
   * @default false
   */
  readonly includeSpace?: boolean;

  /**
   * The URLs of AWS services other than AWS's own.
   * @default - AWS's own
   */
  readonly endpoints?: Endpoints;
  /**
   * Trusted root certificates for these endpoints, as PEM or a path.
   * @default - AWS's and the system's
   */
  readonly awsCaBundle?: string;

  /**
   * How long logs are kept.
   * @default - 90 days
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * The customer managed key that encrypts the logs. Its key policy must let logs.REGION.amazonaws.com use it.
   * @default - CloudWatch's own key
   */
  readonly logKey?: kms.IKey;
  /**
   * The lowest level that the function logs: TRACE, DEBUG or INFO. No level logs a secret value. Levels above INFO would drop the metrics.
   * @default lambda.ApplicationLogLevel.INFO
   */
  readonly logLevel?: lambda.ApplicationLogLevel;
  /**
   * Where your copy of docs/runbook is, such as https://wiki.example.com/keywheel/{code}. Failed steps log the address of their code's page.
   * @default - no address
   */
  readonly runbookUrl?: string;
}

/** What can be set on the functions for PostgreSQL. */
export interface PostgresOptions extends RotationOptions {
  /**
   * The superuser secrets that masterarn may name. Every secret of the function may use each of them.
   * @default - none
   */
  readonly superuserSecrets?: secretsmanager.ISecret[];
  /**
   * One of `superuserSecrets`, for secrets without masterarn, such as URLs.
   * @default - none
   */
  readonly defaultSuperuserSecret?: secretsmanager.ISecret;
  /**
   * The customer managed keys of the superuser secrets.
   * @default - none
   */
  readonly superuserSecretKeys?: kms.IKey[];
  /**
   * The superuser roles that log in by rds_iam, without a secret, as arn:aws:rds-db:REGION:ACCOUNT:dbuser:RESOURCE_ID/USER.
   * @default - none
   */
  readonly adminDbUserArns?: string[];
  /**
   * The superuser role that logs in by rds_iam, if the secret has no masterarn. `adminDbUserArns` must allow it.
   * @default - none
   */
  readonly adminIamUsername?: string;
  /**
   * The hosts that its login token may go to, as well as `defaultHost`.
   * @default - none
   */
  readonly adminIamHosts?: string[];
  /**
   * Whether a function that uses a superuser secret may call the RDS API. Superuser secrets made by RDS and reader endpoints need it.
   * @default true
   */
  readonly describeRds?: boolean;

  /**
   * The database's host, for secrets without one.
   * @default - none
   */
  readonly defaultHost?: string;
  /**
   * Its port, for secrets without one.
   * @default 5432
   */
  readonly defaultPort?: number;
  /**
   * The database to log in to, for secrets without one.
   * @default postgres
   */
  readonly defaultDatabase?: string;
  /**
   * The TLS mode of connections to databases whose secret names none: verify-full, verify-ca or disable.
   * @default verify-full
   */
  readonly tlsMode?: string;
  /**
   * The name in the server's certificate, if it is not the host.
   * @default - the host
   */
  readonly tlsServerName?: string;
  /**
   * Trusted root certificates of your own for the databases, as PEM. Also for regions that the RDS CA bundle inside does not cover.
   * @default - the RDS CA bundle and the public root CAs
   */
  readonly rootCertificates?: string;
  /**
   * How the new password is sent to the server: verifier; cleartext, for a password policy that must see it; md5, for clients that cannot do SCRAM. The
   * last two need TLS.
   * @default verifier
   */
  readonly passwordSentAs?: string;
  /**
   * What becomes of copies of the credential in the same secret, such as a URL: change (with it), report or ignore.
   * @default change
   */
  readonly copies?: string;
  /**
   * Members of the secret that are copies of its credential, whatever they are called.
   * @default - none
   */
  readonly copyMembers?: string[];
  /**
   * Members of the secret that are Base64, such as password for Aerospike's Secret Agent. They are encoded again after a rotation.
   * @default - none
   */
  readonly base64Members?: string[];
  /**
   * A statement that must succeed with the new password, in a read-only transaction.
   * @default - none
   */
  readonly testSql?: string;
  /**
   * Whether a login counts although the server asked for no password (docs/runbook/PasswordNotAsked.md).
   * @default false
   */
  readonly allowLoginWithoutPassword?: boolean;
  /**
   * Whether a secret's host may be the machine itself or a link-local address (docs/runbook/HostAddressRefused.md).
   * @default false
   */
  readonly allowLocalHosts?: boolean;
}

/** What can be set on the function for one PostgreSQL user. */
export interface SingleUserRotationProps extends PostgresOptions {
  /**
   * Whether the function may use the superuser secrets and roles, to recover a lost password or for roles that may not change their own.
   * @default false
   */
  readonly mayUseSuperuser?: boolean;
  /**
   * When AWSCURRENT moves: setSecret, before the new password is committed, or finishSecret, as in AWS's templates.
   * @default setSecret
   */
  readonly awscurrentMoves?: string;
  /**
   * The user of secrets that are a bare password. Such a secret also needs `defaultHost`.
   * @default - none
   */
  readonly defaultUser?: string;
  /**
   * The logins, such as app@db.example.com:5432/orders, that the tags keywheel:username and others of a bare password may choose.
   * @default - none
   */
  readonly tagsMayChoose?: string[];
}

/** What can be set on the function for alternating PostgreSQL users. */
export interface AlternatingUsersRotationProps extends PostgresOptions {
  /**
   * The NOLOGIN role that both users act as.
   * @default - the clone acts as the original user
   */
  readonly ownerRole?: string;
  /**
   * What to do about open sessions of the idle user, which is about to get a new password: report, wait or refuse.
   * @default report
   */
  readonly idleSessions?: string;
  /**
   * How long to wait for their end; less than `timeout`.
   * @default - 10 seconds for wait, 0 for refuse
   */
  readonly idleSessionsWait?: Duration;
}

/** What can be set on the function for API keys. */
export interface ApiKeyRotationProps extends RotationOptions {
  /**
   * The provider of all secrets of the function. With several (a|b), a secret or its tag chooses one.
   * @default - each secret's value names it
   */
  readonly provider?: string;
  /**
   * Parameters of provider definitions, by name or provider.name. With a list (a|b) a secret chooses one of these. With * it chooses anything that the
   * definition allows, except for what decides a host.
   * @default - none
   */
  readonly providerParameters?: { [name: string]: string };
  /**
   * The files and directories with provider definitions of your own, separated by colons.
   * @default - /opt/providers, where a layer's are, and providers in the package
   */
  readonly providerPath?: string;
  /**
   * The text of one provider definition of your own, as TOML.
   * @default - none
   */
  readonly providerDescription?: string;
  /**
   * Trusted root certificates for providers, as PEM or a path.
   * @default - the public root CAs
   */
  readonly providerCaBundle?: string;
  /**
   * A layer with provider definitions of your own, in its folder providers.
   * @default - none
   */
  readonly providerLayer?: lambda.ILayerVersion;
  /**
   * The secret with which a provider issues keys, by the definition's name for it. The function may read these.
   * @default - none
   */
  readonly adminSecrets?: { [name: string]: secretsmanager.ISecret };
  /**
   * The IAM users whose access keys are rotated.
   * @default - none
   */
  readonly iamUserArns?: string[];
}
