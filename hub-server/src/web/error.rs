//! The one place that turns failures into status codes and the standard error body.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::at::At;
use crate::auth::HasherError;
use crate::store::StoreError;

/// Why a request failed.
#[derive(Debug)]
pub enum WebError {
    /// There is no such thing, or not for this caller.
    NotFound,
    /// Nobody is logged in.
    Unauthenticated,
    /// The name or the password is wrong.
    WrongCredentials,
    /// The password is right, and a code of the second factor is missing.
    NeedsCode,
    /// The password is right, and the code of the second factor is not.
    WrongCode,
    /// The caller lacks the right, or the request did not come from the hub's own pages.
    Forbidden(&'static str),
    /// It contradicts what is there.
    Conflict(String),
    /// Somebody else changed it since the caller looked.
    Stale,
    /// The request is not what is allowed; names each field.
    Invalid(Vec<FieldFault>),
    /// The head of the request is not what the door lets in.
    BadHead {
        /// Which part of it.
        field: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The body is of another type than this route takes.
    WrongType(&'static str),
    /// Too much at once; try again.
    Busy,
    /// The body is larger than this route takes.
    TooLarge,
    /// Too many attempts; wait this long.
    TooMany(Duration),
    /// It took too long.
    TimedOut,
    /// The hub failed. The text is for the log only.
    Internal(anyhow::Error),
}

/// One field that is not what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldFault {
    /// Which field, as a path: `schedule.spans[0].weekday`.
    pub field: String,
    /// What is wrong with it, and what is allowed.
    pub why: String,
}

/// The body of every answer that is a failure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable, for programs: `invalid`, `not_found`, `forbidden`.
    pub error_code: String,
    /// For people.
    pub message: String,
    /// More, for programs; for `invalid` an object with `fields`.
    pub details: Option<ErrorDetails>,
    /// Finds the request in the hub's log.
    pub request_id: String,
    /// When it failed.
    pub timestamp: At,
}

/// More about a failure.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ErrorDetails {
    /// The fields that are not what is allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
    /// Seconds to wait before the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// What a failed answer carries until `answer` writes its body with the request's id.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) details: Option<ErrorDetails>,
    /// For the log, never for the client.
    pub(super) cause: Option<String>,
}

impl WebError {
    /// A person outside of the networks of the console.
    pub(super) const OUTSIDE: Self = Self::Forbidden("The console is not open to your network.");

    /// One field that is not what is allowed.
    pub fn invalid(field: &str, why: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldFault {
            field: field.to_owned(),
            why: why.into(),
        }])
    }

    /// Fails with `Invalid` if there are faults.
    pub fn check(faults: Vec<FieldFault>) -> Result<(), Self> {
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Self::Invalid(faults))
        }
    }

    fn parts(self) -> (StatusCode, Problem) {
        match self {
            Self::NotFound => plain(StatusCode::NOT_FOUND),
            Self::Unauthenticated => plain(StatusCode::UNAUTHORIZED),
            Self::WrongCredentials => said(
                StatusCode::UNAUTHORIZED,
                "wrong_credentials",
                "The name or the password is wrong.",
            ),
            Self::NeedsCode => said(
                StatusCode::UNAUTHORIZED,
                "code_needed",
                "Give a code of your authenticator, too.",
            ),
            Self::WrongCode => said(
                StatusCode::UNAUTHORIZED,
                "wrong_code",
                "The code is wrong or was used already.",
            ),
            Self::Forbidden(why) => said(StatusCode::FORBIDDEN, "forbidden", why),
            Self::Conflict(why) => said(StatusCode::CONFLICT, "conflict", why),
            Self::Stale => said(
                StatusCode::PRECONDITION_FAILED,
                "stale",
                "Somebody else changed this in the meantime. Load it again, then change it.",
            ),
            Self::Invalid(fields) => {
                let message = match fields.as_slice() {
                    [one] => format!("{} {}.", one.field, one.why),
                    _ => "Some fields are not what is allowed.".to_owned(),
                };
                let (status, mut problem) = said(StatusCode::BAD_REQUEST, "invalid", message);
                problem.details = Some(ErrorDetails {
                    fields,
                    retry_after_s: None,
                });
                (status, problem)
            }
            Self::BadHead { field, why } => {
                let text = format!("The {field} {why}.");
                let (status, mut problem) = said(StatusCode::BAD_REQUEST, "bad_request", text);
                problem.details = Some(ErrorDetails {
                    fields: vec![FieldFault {
                        field: field.to_owned(),
                        why: why.to_owned(),
                    }],
                    retry_after_s: None,
                });
                (status, problem)
            }
            Self::WrongType(wanted) => said(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "wrong_type",
                format!("This route takes {wanted}."),
            ),
            Self::Busy => plain(StatusCode::SERVICE_UNAVAILABLE),
            Self::TooLarge => plain(StatusCode::PAYLOAD_TOO_LARGE),
            Self::TooMany(wait) => {
                let (status, mut problem) = plain(StatusCode::TOO_MANY_REQUESTS);
                problem.details = Some(ErrorDetails {
                    fields: Vec::new(),
                    retry_after_s: Some(wait.as_secs().saturating_add(1)),
                });
                (status, problem)
            }
            Self::TimedOut => plain(StatusCode::GATEWAY_TIMEOUT),
            Self::Internal(cause) => {
                let (status, mut problem) = plain(StatusCode::INTERNAL_SERVER_ERROR);
                problem.cause = Some(format!("{cause:#}"));
                (status, problem)
            }
        }
    }
}

impl Problem {
    /// What a status says by itself, for answers that the framework made.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status.as_u16() {
            401 => ("unauthenticated", "Log in first."),
            403 => ("forbidden", "This is not allowed."),
            404 => ("not_found", "There is nothing here."),
            405 => (
                "method_not_allowed",
                "This path takes other methods; see Allow.",
            ),
            413 => ("too_large", "The body is larger than this route takes."),
            415 => ("wrong_type", "This route takes another content type."),
            429 => ("rate_limit", "Too many attempts. Wait, then try again."),
            503 => ("busy", "The hub is busy. Try again."),
            504 => ("timed_out", "This took too long."),
            400..=499 => ("invalid", "The request is not what is allowed."),
            _ => (
                "internal",
                "The hub failed. The request's number finds the reason in its log.",
            ),
        };
        Self {
            code,
            message: message.to_owned(),
            details: None,
            cause: None,
        }
    }
}

fn plain(status: StatusCode) -> (StatusCode, Problem) {
    (status, Problem::of_status(status))
}

fn said(
    status: StatusCode,
    code: &'static str,
    message: impl Into<String>,
) -> (StatusCode, Problem) {
    let problem = Problem {
        code,
        message: message.into(),
        details: None,
        cause: None,
    };
    (status, problem)
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (status, problem) = self.parts();
        let mut response = status.into_response();
        let wait = problem.details.as_ref().and_then(|d| d.retry_after_s);
        if let Some(wait) = wait {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response.extensions_mut().insert(problem);
        response
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Busy | StoreError::Closed => Self::Busy,
            StoreError::Unique(_)
            | StoreError::Foreign
            | StoreError::Check(_)
            | StoreError::Panicked
            | StoreError::Column { .. }
            | StoreError::Migration(_)
            | StoreError::Disk(_)
            | StoreError::Engine(_) => Self::Internal(error.into()),
        }
    }
}

impl From<HasherError> for WebError {
    fn from(error: HasherError) -> Self {
        match error {
            HasherError::Busy => Self::Busy,
            HasherError::Failed => Self::Internal(error.into()),
        }
    }
}

/// Writes the standard body.
pub(super) fn body(problem: &Problem, request_id: &str, at: At) -> Vec<u8> {
    let body = ErrorBody {
        error_code: problem.code.to_owned(),
        message: problem.message.clone(),
        details: problem.details.clone(),
        request_id: request_id.to_owned(),
        timestamp: at,
    };
    serde_json::to_vec(&body).unwrap_or_else(|_| json!({}).to_string().into_bytes())
}
