//! Passwords by name: files in the folder that systemd's LoadCredential fills. They are never printed.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::camera::CameraError;

/// The most bytes that a password may have.
const LONGEST: u64 = 1024;

/// Where the passwords are.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    folder: Option<PathBuf>,
}

/// A password. It has no `Display`, and `Debug` says nothing.
pub(super) struct Password(String);

impl Credentials {
    /// Passwords are files of this folder; with none, a camera that needs a password is refused.
    pub fn in_folder(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The password under a name: the file's first line.
    pub(super) fn find(&self, name: &str) -> Result<Password, CameraError> {
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return Err(CameraError::Setting(format!(
                "the credential {name:?} must be a plain file name"
            )));
        }
        let folder = self.folder.as_ref().ok_or_else(|| {
            CameraError::Setting(format!(
                "the credential {name} is asked for, and there is no folder of credentials: start with systemd's LoadCredential or set CREDENTIALS_DIRECTORY"
            ))
        })?;
        let fault =
            |why: String| CameraError::Setting(format!("reading the credential {name}: {why}"));
        let file = File::open(folder.join(name)).map_err(|error| fault(error.to_string()))?;
        let mut text = String::new();
        file.take(LONGEST + 1)
            .read_to_string(&mut text)
            .map_err(|error| fault(error.to_string()))?;
        if text.len() as u64 > LONGEST {
            return Err(fault(format!("it has more than {LONGEST} bytes")));
        }
        Ok(Password(text.lines().next().unwrap_or_default().to_owned()))
    }
}

impl Password {
    /// The secret itself, for the one header that carries it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_of_its_file_and_does_not_print() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("north"), "s3cret\n").unwrap();
        let credentials = Credentials::in_folder(Some(folder.path().to_owned()));
        let password = credentials.find("north").unwrap();
        assert_eq!(password.reveal(), "s3cret");
        assert!(!format!("{password:?}").contains("s3cret"));
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = Credentials::in_folder(Some(folder.path().to_owned()));
        for name in ["../shadow", "/etc/shadow", ".hidden", "", "missing"] {
            assert!(credentials.find(name).is_err(), "{name}");
        }
        assert!(Credentials::default().find("north").is_err());
    }
}
