//! Where a cluster is and who signs in: the options that every command has that is a client of one, said once.

use std::{fs, path::PathBuf};

use clap::Args;

use super::{Client, ClientError};

/// Environment variable with the password, so that it stands in no list of processes.
const PASSWORD_VARIABLE: &str = "TRONGDONG_PASSWORD";

/// The way into a cluster.
#[derive(Clone, Debug, Args)]
pub struct Door {
    /// Origin of a node, such as https://node-1:8443; again for each further node, which is asked when the first cannot.
    #[arg(long = "url", required = true)]
    pub urls: Vec<String>,
    /// Account to sign in with; the first administrator's when it is not named. Its password is read from TRONGDONG_PASSWORD,
    /// or from --password-file.
    #[arg(long, default_value = "quan-tri")]
    pub person: String,
    /// File with the password.
    #[arg(long)]
    pub password_file: Option<PathBuf>,
    /// The cluster's authority, `ca.pem` of the certificates folder; needed for HTTPS.
    #[arg(long)]
    pub ca: Option<PathBuf>,
}

impl Door {
    /// The account's password.
    ///
    /// # Errors
    /// The file cannot be read, or nothing says the password.
    pub fn password(&self) -> Result<String, ClientError> {
        let config = |remedy: String| ClientError::Config { field: "password_file", remedy };
        match &self.password_file {
            Some(file) => fs::read_to_string(file)
                .map(|text| text.trim().to_owned())
                .map_err(|error| config(format!("cannot read {}: {error}", file.display()))),
            None => {
                std::env::var(PASSWORD_VARIABLE).map_err(|_| config(format!("give it, or set {PASSWORD_VARIABLE}")))
            }
        }
    }

    /// The cluster's authority.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn ca_pem(&self) -> Result<Option<Vec<u8>>, ClientError> {
        let read = |file: &PathBuf| {
            let error = |e: std::io::Error| ClientError::Config {
                field: "ca",
                remedy: format!("cannot read {}: {e}", file.display()),
            };
            fs::read(file).map_err(error)
        };
        self.ca.as_ref().map(read).transpose()
    }

    /// A client that is signed in.
    ///
    /// # Errors
    /// An option that cannot be used, an account that is not let in, or no answer.
    pub async fn open(&self) -> Result<Client, ClientError> {
        let client = Client::new(self.urls.clone(), self.ca_pem()?.as_deref())?;
        client.login(&self.person, &self.password()?).await?;
        Ok(client)
    }
}
