//! The macro that makes the vocabulary: from one list the enum, a struct for each command, and their crossing.

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident $body:tt)+) => {
        /// A request to change state.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Command { $($(#[$doc])* $name($name)),+ }

        impl Command {
            /// Its name, as in the schema.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),+ }
            }
        }

        impl Record for Command {
            type Wire = generated::Command;
            fn from_wire(wire: generated::Command) -> Result<Self, Malformed> {
                use generated::command::Body;
                Ok(match wire.body.ok_or_else(|| Malformed::new("command", "is required"))? {
                    $(Body::$name(body) => Self::$name($name::from_wire(body)?)),+
                })
            }
            fn to_wire(&self) -> generated::Command {
                use generated::command::Body;
                let body = match self { $(Self::$name(body) => Body::$name(body.to_wire())),+ };
                generated::Command { body: Some(body) }
            }
        }

        message_field!(Command);

        $(body! { $(#[$doc])* $name $body })+
    };
}

/// One command: its struct and its crossing. `[]` in the list: it has a file of its own.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident []) => {};
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$fdoc])* pub $field: $type),* }
        record!($name { $($field),* });
        impl From<$name> for $crate::Command {
            fn from(body: $name) -> Self {
                Self::$name(body)
            }
        }
    };
}

pub(super) use {body, commands};
