//! What the scanner hands to the parser.

use std::borrow::Cow;

/// The kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Start of the stream.
    StreamStart,
    /// End of the stream.
    StreamEnd,
    /// `%YAML`
    VersionDirective,
    /// `%TAG`
    TagDirective,
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// A block sequence begins at this indentation.
    BlockSequenceStart,
    /// A block mapping begins at this indentation.
    BlockMappingStart,
    /// The indentation of a block collection ends.
    BlockEnd,
    /// `[`
    FlowSequenceStart,
    /// `]`
    FlowSequenceEnd,
    /// `{`
    FlowMappingStart,
    /// `}`
    FlowMappingEnd,
    /// `- `
    BlockEntry,
    /// `,`
    FlowEntry,
    /// `?`, or the start of a simple key.
    Key,
    /// `:`
    Value,
    /// `*name`
    Alias,
    /// `&name`
    Anchor,
    /// `!tag`
    Tag,
    /// Text of any style.
    Scalar,
}

/// What a token carries.
#[derive(Debug)]
pub enum Data<'a> {
    /// Nothing but its kind.
    None,
    /// The text of a scalar, and whether it is a plain one.
    Scalar(Cow<'a, [u8]>, bool),
    /// The name of an anchor or alias.
    Name(&'a [u8]),
    /// Handle and suffix of a tag, or handle and prefix of a `%TAG` directive.
    Tag(Box<(Vec<u8>, Vec<u8>)>),
    /// The version of a `%YAML` directive.
    Version(u8, u8),
}

/// A token with the line (counted from 0) on which it starts.
#[derive(Debug)]
pub struct Token<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its first line.
    pub line: u32,
    /// What it carries.
    pub data: Data<'a>,
}
