//! How a camera is told who asks: Digest if it offers it, Basic otherwise, nothing until it asks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use digest_auth::AuthContext;
use digest_auth::WwwAuthenticateHeader;
use hyper::HeaderMap;
use hyper::header;

use crate::camera::credentials::Password;

/// The most challenges of one answer that are looked at.
const MOST_CHALLENGES: usize = 8;

/// The user and what the camera has asked for.
pub(super) struct Login {
    user: Option<String>,
    password: Option<Password>,
    asked: Asked,
}

enum Asked {
    Nothing,
    Basic,
    /// Counts how often its nonce was used.
    Digest(Box<WwwAuthenticateHeader>),
}

impl Login {
    /// Nothing is sent before the camera asks.
    pub(super) fn new(user: Option<String>, password: Option<Password>) -> Self {
        Self {
            user,
            password,
            asked: Asked::Nothing,
        }
    }

    /// Takes what a 401 answer asks for; an error says why that can't be answered.
    pub(super) fn challenged(&mut self, headers: &HeaderMap) -> Result<(), String> {
        if self.user.is_none() {
            return Err("it wants a user and a password, and none are configured".to_owned());
        }
        let challenges: Vec<&str> = headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .take(MOST_CHALLENGES)
            .filter_map(|value| value.to_str().ok())
            .map(str::trim)
            .collect();
        let of = |scheme: &str| {
            challenges
                .iter()
                .filter(|challenge| {
                    challenge
                        .get(..scheme.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
                })
                .copied()
                .collect::<Vec<&str>>()
        };
        let digest = of("Digest")
            .into_iter()
            .find_map(|challenge| digest_auth::parse(challenge).ok());
        self.asked = match digest {
            Some(prompt) => Asked::Digest(Box::new(prompt)),
            None if !of("Basic").is_empty() => Asked::Basic,
            None => {
                return Err("it asks for neither Digest nor Basic".to_owned());
            }
        };
        Ok(())
    }

    /// The Authorization header of the next request.
    pub(super) fn authorization(&mut self, target: &str) -> Result<Option<String>, String> {
        let Some(user) = self.user.as_deref() else {
            return Ok(None);
        };
        let password = self.password.as_ref().map_or("", Password::reveal);
        match &mut self.asked {
            Asked::Nothing => Ok(None),
            Asked::Basic => Ok(Some(format!(
                "Basic {}",
                STANDARD.encode(format!("{user}:{password}"))
            ))),
            Asked::Digest(prompt) => prompt
                .respond(&AuthContext::new(user, password, target))
                .map(|answer| Some(answer.to_header_string()))
                .map_err(|_| "its Digest challenge can't be answered".to_owned()),
        }
    }
}
