//! Conversion of outputs and errors of calls to the types of rig.

use relay::{AuthorizationError, ContentPart, Error, FailureKind};
use rig_core::{
    message::{DocumentSourceKind, Image, ImageMediaType, ToolResultContent},
    tool::{ToolErrorKind, ToolExecutionError, ToolOutput},
};

/// Returns the authorization error inside an error of a rig tool, if the user must sign in.
///
/// A model cannot act on it. Check for it before you pass the result to the model.
pub fn authorization(error: &ToolExecutionError) -> Option<&AuthorizationError> {
    error.downcast_ref::<Error>()?.authorization()
}

pub(crate) fn convert(
    outcome: Result<relay::ToolOutput, Error>,
) -> Result<ToolOutput, ToolExecutionError> {
    match outcome {
        Ok(output) if output.is_error => {
            Err(ToolExecutionError::other(output.text()).with_model_output(content(&output)))
        }
        Ok(output) => Ok(content(&output)),
        Err(error) => Err(failure(error)),
    }
}

fn content(output: &relay::ToolOutput) -> ToolOutput {
    let block = |part: &ContentPart<'_>| match part {
        ContentPart::Json { value, .. } => ToolResultContent::json((*value).clone()),
        // Anthropic rejects an error result with an image.
        ContentPart::Data { base64, mime_type, .. } if !output.is_error => {
            image(base64, mime_type).unwrap_or_else(|| ToolResultContent::text(part.text()))
        }
        part => ToolResultContent::text(part.text()),
    };
    let blocks = output.parts().iter().map(block).collect();
    // There is always at least one part.
    ToolOutput::content(blocks).unwrap_or_else(|_| ToolOutput::text(output.text()))
}

fn image(base64: &str, mime_type: &str) -> Option<ToolResultContent> {
    let media_type = match mime_type {
        "image/png" => ImageMediaType::PNG,
        "image/jpeg" => ImageMediaType::JPEG,
        "image/gif" => ImageMediaType::GIF,
        "image/webp" => ImageMediaType::WEBP,
        _ => return None,
    };
    let (data, media_type) = (DocumentSourceKind::base64(base64), Some(media_type));
    Some(ToolResultContent::Image(Image { data, media_type, ..Image::default() }))
}

fn failure(error: Error) -> ToolExecutionError {
    // If an agent continues, its model sees only this text.
    let feedback = error.to_tool_output().map_or_else(
        || "The tool cannot be called at the moment.".to_owned(),
        |output| output.parts()[0].text().to_owned(),
    );
    let failure = ToolExecutionError::new(kind(&error), error.to_string());
    let failure = failure.with_retryable(error.retryable()).with_model_feedback(feedback);
    let failure = match &error {
        Error::Transport { kind: FailureKind::Status(status), .. } => {
            failure.with_http_status(*status)
        }
        _ => failure,
    };
    failure.with_source(error)
}

fn kind(error: &Error) -> ToolErrorKind {
    match error {
        Error::Authorization(_) => ToolErrorKind::PermissionDenied,
        Error::InvalidArguments { .. } => ToolErrorKind::InvalidArgs,
        Error::UnknownTool { .. } => ToolErrorKind::NotFound,
        Error::Transport { kind, .. } | Error::OutcomeUnknown { kind, .. } => match kind {
            FailureKind::Timeout => ToolErrorKind::Timeout,
            FailureKind::Status(429) => ToolErrorKind::RateLimited,
            FailureKind::Unreachable | FailureKind::Closed | FailureKind::SessionLost => {
                ToolErrorKind::Network
            }
            _ => ToolErrorKind::Provider,
        },
        _ => ToolErrorKind::Other,
    }
}
