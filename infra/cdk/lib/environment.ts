// The environment variables of the functions: docs/reference/environment-variables.md. What is undefined is left out, and the function has its default.
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { AlternatingUsersRotationProps, ApiKeyRotationProps, PostgresOptions, RotationOptions, SingleUserRotationProps } from './options';

type Variables = { [name: string]: string | number | boolean | undefined };

/** A list as one variable; nothing, if it is empty. */
function joined(items: string[] | undefined, separator = ','): string | undefined {
  return items && items.length > 0 ? items.join(separator) : undefined;
}

/** A map as one variable. */
function pairs(map: { [name: string]: string } | undefined, separator: string): string | undefined {
  return joined(Object.entries(map ?? {}).map(([name, value]) => `${name}=${value}`), separator);
}

/** A secret's ARN with the six characters at its end, if it is known. */
export function arnOf(secret: secretsmanager.ISecret): string {
  return secret.secretFullArn ?? secret.secretArn;
}

/** The ARNs of the admin secrets, by the provider definition's name for each. */
export function adminSecretArns(props: ApiKeyRotationProps): { [name: string]: string } {
  return Object.fromEntries(Object.entries(props.adminSecrets ?? {}).map(([name, secret]) => [name, arnOf(secret)]));
}

function environmentOfAll(props: RotationOptions): Variables {
  return {
    PASSWORD_LENGTH: props.passwordLength,
    EXCLUDE_CHARACTERS: props.excludeCharacters,
    EXCLUDE_NUMBERS: props.excludeNumbers,
    EXCLUDE_PUNCTUATION: props.excludePunctuation,
    EXCLUDE_UPPERCASE: props.excludeUppercase,
    EXCLUDE_LOWERCASE: props.excludeLowercase,
    REQUIRE_EACH_INCLUDED_TYPE: props.requireEachIncludedType,
    INCLUDE_SPACE: props.includeSpace,
    AWS_ENDPOINT_URL: props.endpoints?.aws,
    SECRETS_MANAGER_ENDPOINT: props.endpoints?.secretsManager,
    AWS_ENDPOINT_URL_STS: props.endpoints?.sts,
    AWS_CA_BUNDLE: props.awsCaBundle,
    RUNBOOK_URL: props.runbookUrl,
    ASSUME_ROLE_ARN: joined(props.assumeRoles?.map((role) => role.roleArn)),
    ASSUME_ROLE_EXTERNAL_ID: joined(props.assumeRoles?.map((role) => role.externalId ?? '')),
    REPLICA_WAIT: props.replicaWait?.toSeconds(),
  };
}

function environmentOfPostgres(props: PostgresOptions): Variables {
  return {
    PGHOST: props.defaultHost,
    PGPORT: props.defaultPort,
    PGDATABASE: props.defaultDatabase,
    PGSSLMODE: props.tlsMode,
    PGSSLROOTCERT: props.rootCertificates,
    TLS_SERVER_NAME: props.tlsServerName,
    PASSWORD_SENT_AS: props.passwordSentAs,
    COPIES: props.copies,
    COPY_MEMBERS: joined(props.copyMembers),
    BASE64_MEMBERS: joined(props.base64Members),
    TEST_SQL: props.testSql,
    ALLOW_LOGIN_WITHOUT_PASSWORD: props.allowLoginWithoutPassword,
    ALLOW_LOCAL_HOSTS: props.allowLocalHosts,
    AWS_ENDPOINT_URL_RDS: props.endpoints?.rds,
  };
}

function environmentOfSuperusers(props: PostgresOptions): Variables {
  return {
    SUPERUSER_SECRETS: joined(props.superuserSecrets?.map(arnOf)),
    SUPERUSER_SECRET: props.defaultSuperuserSecret && arnOf(props.defaultSuperuserSecret),
    ADMIN_IAM_USERNAME: props.adminIamUsername,
    ADMIN_IAM_HOSTS: joined(props.adminIamHosts),
  };
}

/** The variables of rotate-postgres-single-user. */
export function environmentOfSingleUser(props: SingleUserRotationProps): Variables {
  return {
    ...environmentOfAll(props),
    ...environmentOfPostgres(props),
    ...(props.mayUseSuperuser ? environmentOfSuperusers(props) : {}),
    AWSCURRENT_MOVES: props.awscurrentMoves,
    PGUSER: props.defaultUser,
    TAGS_MAY_CHOOSE: joined(props.tagsMayChoose),
  };
}

/** The variables of rotate-postgres-alternating-users. */
export function environmentOfAlternatingUsers(props: AlternatingUsersRotationProps): Variables {
  return {
    ...environmentOfAll(props),
    ...environmentOfPostgres(props),
    ...environmentOfSuperusers(props),
    OWNER_ROLE: props.ownerRole,
    IDLE_SESSIONS: props.idleSessions,
    IDLE_SESSIONS_WAIT: props.idleSessionsWait?.toSeconds(),
  };
}

/** The variables of rotate-api-key. */
export function environmentOfApiKey(props: ApiKeyRotationProps): Variables {
  return {
    ...environmentOfAll(props),
    PROVIDER: props.provider,
    PROVIDER_PARAMETERS: pairs(props.providerParameters, '\n'),
    PROVIDER_PATH: props.providerPath,
    PROVIDER_DESCRIPTION: props.providerDescription,
    PROVIDER_CA_BUNDLE: props.providerCaBundle,
    ADMIN_SECRETS: pairs(adminSecretArns(props), ','),
    AWS_ENDPOINT_URL_IAM: props.endpoints?.iam,
  };
}

/** Variables as Lambda takes them. */
export function asText(variables: Variables): { [name: string]: string } {
  const given = Object.entries(variables).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}
