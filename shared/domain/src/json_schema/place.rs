//! A position inside a value, such as `rows/1/n`. It is written out only where a problem is reported.

use std::fmt;

#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Root,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parent = match self {
            Self::Root => return Ok(()),
            Self::Field(parent, _) | Self::Item(parent, _) => parent,
        };
        if !matches!(parent, Self::Root) {
            write!(formatter, "{parent}/")?;
        }
        match self {
            Self::Root => Ok(()),
            Self::Field(_, name) => formatter.write_str(name),
            Self::Item(_, number) => write!(formatter, "{number}"),
        }
    }
}
