//! Roles, and who is let in: what the usual images make of their variables.

use super::super::json::{Access, Json};
use super::super::state::State;
use super::environment::{Environment, secret_file};
use super::volume::{Role, Server};

/// What the variables of a container say about roles.
#[derive(Debug)]
pub struct Known {
    main: String,
    word: String,
    admin: String,
}

impl Known {
    /// Reads them, and the files that they name.
    pub fn of(state: &State, pod: &Json, container: &Json, environment: &Environment) -> Self {
        let secret = |names: &[&str]| {
            let found = names.iter().find_map(|name| {
                let file = environment.get(&format!("{name}_FILE"));
                let value =
                    secret_file(state, pod, container, file).unwrap_or_else(|| environment.get(name).to_string());
                Some(value).filter(|value| !value.is_empty())
            });
            found.unwrap_or_default()
        };
        Self {
            main: environment.first(&["POSTGRES_USER", "POSTGRESQL_USERNAME", "SUPERUSER"]).into(),
            word: secret(&["POSTGRES_PASSWORD", "POSTGRESQL_PASSWORD"]),
            admin: secret(&["POSTGRES_POSTGRES_PASSWORD", "POSTGRESQL_POSTGRES_PASSWORD"]),
        }
    }

    /// Makes the roles of a new cluster.
    pub fn initialise(&self, server: &mut Server, container: &Json, environment: &Environment) {
        let bitnami = container.text("/image").contains("bitnami");
        let name = if self.main.is_empty() { "postgres" } else { &self.main };
        if bitnami {
            // The role of the application is no superuser there.
            let password = if self.main.is_empty() { &self.word } else { &self.admin };
            server.roles.insert("postgres".into(), Role { password: password.clone(), superuser: true });
            if !self.main.is_empty() {
                server
                    .roles
                    .insert(self.main.clone(), Role { password: self.word.clone(), superuser: name == "postgres" });
            }
        } else {
            server.roles.clear();
            server.roles.insert(name.into(), Role { password: self.word.clone(), superuser: true });
        }
        let arguments = environment.first(&["POSTGRES_INITDB_ARGS", "POSTGRESQL_INITDB_ARGS"]);
        server.asks_password = bitnami || arguments.contains("scram") || arguments.contains("md5");
    }

    /// The first role that is let in, of those that the script tries; else the words of `psql`.
    pub fn enter(&self, server: &Server, role: &str, given: Option<&str>) -> Result<String, String> {
        let mut tried: Vec<(&str, &str)> = Vec::new();
        match (role, given) {
            ("", _) => {
                if !self.admin.is_empty() {
                    tried.push(("postgres", &self.admin));
                }
                if !self.main.is_empty() {
                    tried.push((&self.main, &self.word));
                }
                tried.push(("postgres", &self.word));
            }
            (role, Some(given)) => tried.push((role, given)),
            (role, None) => {
                if role == "postgres" && !self.admin.is_empty() {
                    tried.push((role, &self.admin));
                }
                tried.push((role, &self.word));
            }
        }
        let mut said = String::new();
        for (role, password) in tried {
            let why = match server.roles.get(role) {
                None => format!("role \"{role}\" does not exist"),
                Some(known) if !server.asks_password || (known.password == password && !password.is_empty()) => {
                    return Ok(role.into());
                }
                Some(_) => format!("password authentication failed for user \"{role}\""),
            };
            said.push_str(
                "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  ",
            );
            said.push_str(&why);
            said.push('\n');
        }
        Err(said)
    }
}
