//! The environment variables of the two functions, in addition to those that `rotation` reads.

use rotation::Variable;

/// The variables, by section of `docs/reference/environment-variables.md`.
pub const VARIABLES: &[(&str, &[Variable])] = &[
    ("The server, where the secret does not name it", SERVER),
    ("The rotation of a PostgreSQL password", ROTATION),
    ("What is allowed", ALLOWED),
];

const SINGLE_USER: &str = "rotate-postgres-single-user";
const ALTERNATING_USERS: &str = "rotate-postgres-alternating-users";

const SERVER: &[Variable] = &[
    Variable::new(
        "PGUSER",
        "a role",
        "",
        "The user of a secret that is [a bare password](secret-values.md#a-bare-password). Such a secret also needs a host",
    )
    .only(SINGLE_USER),
    Variable::new("PGHOST", "a name or an address", "", "the host"),
    Variable::new("PGPORT", "1 to 65535", "`5432`", "the port"),
    Variable::new("PGDATABASE", "a name", "`postgres`", "the database to log in to"),
    Variable::new(
        "PGSSLMODE",
        "`verify-full`, `verify-ca`, `disable`",
        "`verify-full`",
        "the TLS mode",
    ),
    Variable::new(
        "PGSSLROOTCERT",
        "a path, the PEM itself, or `system`",
        "the RDS CA bundle and the public root CAs",
        "trusted root certificates, in place of the default; `system` is the public root CAs alone",
    ),
    Variable::new(
        "TLS_SERVER_NAME",
        "a name",
        "the host",
        "the name in the server's certificate",
    ),
    Variable::new(
        "AWS_ENDPOINT_URL_RDS",
        "a URL",
        "`AWS_ENDPOINT_URL`",
        "the endpoint of the RDS API, which is asked [where a name alone proves nothing](../admin-and-rds.md)",
    ),
];

const ROTATION: &[Variable] = &[
    Variable::new(
        "AWSCURRENT_MOVES",
        "`setSecret` or `finishSecret`",
        "`setSecret`",
        "`setSecret`: AWSCURRENT moves before the change is committed. `finishSecret`: after testSecret, as in AWS's templates. [What differs](../how-a-rotation-runs.md#when-awscurrent-moves)",
    )
    .only(SINGLE_USER),
    Variable::new(
        "COPIES",
        "`change`, `report`, `ignore`",
        "`change`",
        "what to do about [copies of the credential](secret-values.md#copies-in-the-same-secret) in the same secret: change them with it, only report them, or not look for them",
    ),
    Variable::new(
        "COPY_MEMBERS",
        "names of members, as `reader.url`, with commas in between",
        "",
        "Members that are copies wherever their host is. One that is no copy is an error",
    ),
    Variable::new(
        "BASE64_MEMBERS",
        "names of members, with commas in between",
        "",
        "Members of the JSON that are Base64, such as `password` for Aerospike's Secret Agent. They are encoded again after a rotation. Only members that Keywheel reads",
    ),
    Variable::new(
        "PASSWORD_SENT_AS",
        "`verifier`, `cleartext`, `md5`",
        "`verifier`",
        "`cleartext`: for a password policy of the server that must see the password. `md5`: for clients that cannot do SCRAM. An MD5 hash is then sent and stored, which is as good as the password. Both need TLS",
    ),
    Variable::new(
        "TEST_SQL",
        "one statement",
        "",
        "A statement that must succeed with the new password and must not answer `false`. It runs in a read-only transaction, for 10 s at most. Rows are dropped as they come; one value must fit into memory. [Try it first](../runbook/TestSqlFailed.md)",
    ),
    Variable::new(
        "OWNER_ROLE",
        "a role",
        "the original user",
        "as [`ownerrole`](secret-values.md), for all secrets that name none",
    )
    .only(ALTERNATING_USERS),
    Variable::new(
        "IDLE_SESSIONS",
        "`report`, `wait`, `refuse`",
        "`report`",
        "what to do about open sessions of the idle user: report them, wait for their end, or refuse to rotate",
    )
    .only(ALTERNATING_USERS),
    Variable::new(
        "IDLE_SESSIONS_WAIT",
        "0 to 900",
        "10 for `wait`, 0 for `refuse`",
        "seconds to wait for them, within the function's time limit",
    )
    .only(ALTERNATING_USERS),
];

const ALLOWED: &[Variable] = &[
    Variable::new(
        "TAGS_MAY_CHOOSE",
        "logins as `app@db.example.com:5432/orders`, with commas in between; `*` for a user, port or database, and for the beginning of a host",
        "",
        "The logins that the tags `keywheel:username`, `keywheel:host`, `keywheel:port` and `keywheel:database` of [a bare password](secret-values.md#a-bare-password) may choose",
    )
    .only(SINGLE_USER),
    Variable::new(
        "SUPERUSER_SECRETS",
        "ARNs, or patterns with `*` and `?`, with commas in between",
        "",
        "The superuser secrets that `masterarn` may name. Alternating users need it. The templates set it from `SuperuserSecretArn`",
    ),
    Variable::new(
        "SUPERUSER_SECRET",
        "an ARN that `SUPERUSER_SECRETS` lists",
        "",
        "the superuser secret of all secrets that have no `masterarn`, such as URLs",
    ),
    Variable::new(
        "ADMIN_IAM_USERNAME",
        "a role of the group `rds_iam`",
        "",
        "the superuser role, if the secret has no `masterarn` and there is no `SUPERUSER_SECRET`. It logs in with a token of IAM",
    ),
    Variable::new(
        "ADMIN_IAM_HOSTS",
        "names, or ends of names such as `*abcdefghijkl.eu-central-1.rds.amazonaws.com`, with commas in between",
        "",
        "the hosts that its login token may go to, as well as `PGHOST`",
    ),
    Variable::new(
        "ALLOW_LOGIN_WITHOUT_PASSWORD",
        "yes or no",
        "`false`",
        "a login counts although the server asked for no password ([PasswordNotAsked](../runbook/PasswordNotAsked.md))",
    ),
    Variable::new(
        "ALLOW_LOCAL_HOSTS",
        "yes or no",
        "`false`",
        "`host` may be the machine itself or a link-local address ([HostAddressRefused](../runbook/HostAddressRefused.md))",
    ),
];
