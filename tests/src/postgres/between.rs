//! What stands between a client and `PostgreSQL`, or decides in its place: `PgBouncer` and an LDAP server.

use std::net::TcpStream;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::account::Account;
use super::cluster::{Cluster, StartError};
use super::launch::{finish, free_port, new_directory, write};
use super::supervisor::Supervisor;
use crate::certificates::{Authority, SERVER_NAMES};
use crate::tools::Tools;

/// How long a server may take to accept connections.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A `PgBouncer`, with TLS, before one database server.
pub struct Pooler {
    supervisor: Supervisor,
    directory: TempDir,
    port: u16,
    authority_pem: String,
}

impl Pooler {
    /// Starts one before `cluster`. `lines` are of the section `[pgbouncer]`; `{users}` in them is its list of users, which has
    /// `users`: names and passwords.
    pub fn start(cluster: &Cluster, lines: &[&str], users: &[(&str, &str)]) -> Result<Self, StartError> {
        let program = Tools::load()?.between("pgbouncer")?;
        let account = Account::unprivileged()?;
        let directory = new_directory(&account)?;
        let path = directory.path();
        let (authority, port) = (Authority::new()?, free_port()?);
        let certificate = authority.server(&SERVER_NAMES)?;
        write(
            &account,
            &path.join("server.crt"),
            &certificate.certificate_pem,
            0o644,
        )?;
        write(&account, &path.join("server.key"), &certificate.key_pem, 0o600)?;
        let shown = path.display();
        let lines = lines.join("\n").replace("{users}", &format!("{shown}/users.txt"));
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             client_tls_sslmode = allow\nclient_tls_cert_file = {shown}/server.crt\nclient_tls_key_file = {shown}/server.key\n\
             server_login_retry = 1\nquery_wait_timeout = 5\n{lines}\n",
            cluster.port()
        );
        write(&account, &path.join("pgbouncer.ini"), &settings, 0o600)?;
        write(&account, &path.join("users.txt"), &list(users), 0o600)?;
        let arguments = [format!("{shown}/pgbouncer.ini")];
        let supervisor = Supervisor::start(&account, path, &program, &arguments)?;
        wait_for(port)?;
        Ok(Self {
            supervisor,
            directory,
            port,
            authority_pem: authority.pem().to_owned(),
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who vouches for it.
    pub fn authority_pem(&self) -> &str {
        &self.authority_pem
    }

    /// Gives its list of users other content. It is read at the next start, or when the pooler is told to.
    pub fn list_users(&self, users: &[(&str, &str)]) -> Result<(), StartError> {
        let account = Account::unprivileged()?;
        write(
            &account,
            &self.directory.path().join("users.txt"),
            &list(users),
            0o600,
        )?;
        Ok(())
    }

    /// Lets it read its list of users again.
    pub fn reload(&self) {
        self.supervisor.signal("HUP");
    }
}

fn list(users: &[(&str, &str)]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    users
        .iter()
        .map(|(name, password)| [&quoted(name), " ", &quoted(password), "\n"].concat())
        .collect()
}

/// An LDAP server that knows one user.
pub struct Directory {
    _supervisor: Supervisor,
    _files: TempDir,
    port: u16,
}

impl Directory {
    /// Starts one in which `user` has this password.
    pub fn start(user: &str, password: &str) -> Result<Self, StartError> {
        let tools = Tools::load()?;
        let account = Account::unprivileged()?;
        let directory = new_directory(&account)?;
        let (path, port) = (directory.path(), free_port()?);
        let shown = path.display();
        let schema = tools.between("root/etc/ldap/schema/core.schema")?;
        let settings = format!(
            "include {}\npidfile {shown}/slapd.pid\nargsfile {shown}/slapd.args\ndatabase ldif\nsuffix \"dc=test\"\ndirectory {shown}/data\n",
            schema.display()
        );
        let entries = format!(
            "dn: dc=test\nobjectClass: dcObject\nobjectClass: organization\no: test\ndc: test\n\n\
             dn: cn={user},dc=test\nobjectClass: person\ncn: {user}\nsn: {user}\nuserPassword: {password}\n"
        );
        write(&account, &path.join("slapd.conf"), &settings, 0o600)?;
        write(&account, &path.join("entries.ldif"), &entries, 0o600)?;
        std::fs::create_dir(path.join("data"))?;
        account.give(&path.join("data"))?;
        let file = |name: &str| path.join(name).display().to_string();
        let mut add = account.command(tools.between("slapadd")?);
        add.args(["-f", &file("slapd.conf"), "-l", &file("entries.ldif")]);
        finish("slapadd", &mut add)?;
        let url = format!("ldap://127.0.0.1:{port}");
        let arguments = ["-f", &file("slapd.conf"), "-h", &url, "-d", "0"].map(str::to_owned);
        let supervisor = Supervisor::start(&account, path, Path::new(&tools.between("slapd")?), &arguments)?;
        wait_for(port)?;
        Ok(Self {
            _supervisor: supervisor,
            _files: directory,
            port,
        })
    }

    /// The rule of `pg_hba.conf` that lets it decide on the logins of one role.
    pub fn rule(&self, role: &str) -> String {
        format!(
            "host all {role} all ldap ldapserver=127.0.0.1 ldapport={} ldapprefix=\"cn=\" ldapsuffix=\",dc=test\"\n",
            self.port
        )
    }
}

fn wait_for(port: u16) -> Result<(), StartError> {
    let started = Instant::now();
    while let Err(error) = TcpStream::connect(("127.0.0.1", port)) {
        if started.elapsed() > START_LIMIT {
            return Err(error.into());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
