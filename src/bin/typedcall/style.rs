//! Colours. They are always written; the stream removes them where they could not be seen.

use clap::builder::styling::{AnsiColor, Style};

fn styled(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A title.
pub fn title(text: impl std::fmt::Display) -> String {
    styled(Style::new().bold().fg_color(Some(AnsiColor::Cyan.into())), text)
}

/// The heading of a part.
pub fn heading(text: impl std::fmt::Display) -> String {
    styled(Style::new().bold(), text)
}

/// Details that may be overlooked.
pub fn dim(text: impl std::fmt::Display) -> String {
    styled(Style::new().dimmed(), text)
}

/// Something that went well.
pub fn good(text: impl std::fmt::Display) -> String {
    styled(Style::new().fg_color(Some(AnsiColor::Green.into())), text)
}

/// Something that failed.
pub fn error(text: impl std::fmt::Display) -> String {
    styled(Style::new().bold().fg_color(Some(AnsiColor::Red.into())), text)
}
