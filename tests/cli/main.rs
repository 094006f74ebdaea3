//! The command line tool.

mod commands;
mod explain;
mod survey;
