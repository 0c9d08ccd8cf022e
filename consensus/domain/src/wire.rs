//! The one crossing between bytes and domain types. Everything on a disk or a wire is protobuf (`proto/`); here it becomes
//! a domain type once, or a [`Malformed`] that names the field and the remedy.

use prost::Message;

#[allow(missing_docs, clippy::all, clippy::pedantic, reason = "made by prost from proto/")]
#[path = "wire/generated.rs"]
pub mod generated;

pub(crate) mod bulk;

/// What came in is not what the field takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {remedy}")]
pub struct Malformed {
    /// The field that was wrong.
    pub field: String,
    /// What to send.
    pub remedy: String,
}

impl Malformed {
    /// `field` was wrong, do `remedy`.
    pub fn new(field: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { field: field.into(), remedy: remedy.into() }
    }

    /// The same, seen from the message that holds the field.
    #[must_use]
    pub fn within(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), remedy: self.remedy }
    }
}

/// A domain type that crosses as the wire type `W`.
pub trait Field<W>: Sized {
    /// Checks and converts; `field` is its name in the message.
    fn read(field: &'static str, wire: W) -> Result<Self, Malformed>;
    /// The wire form.
    fn write(&self) -> W;
}

/// A domain type that is a whole protobuf message.
pub trait Record: Sized {
    /// The generated message.
    type Wire: Message + Default;

    /// Checks and converts a message.
    fn from_wire(wire: Self::Wire) -> Result<Self, Malformed>;

    /// The generated message of it.
    fn to_wire(&self) -> Self::Wire;

    /// Protobuf bytes.
    fn encode(&self) -> Vec<u8> {
        self.to_wire().encode_to_vec()
    }

    /// Reads protobuf bytes.
    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let wire = Self::Wire::decode(bytes)
            .map_err(|e| Malformed::new(std::any::type_name::<Self>(), format!("send valid protobuf ({e})")))?;
        Self::from_wire(wire)
    }

    /// The same for what must be understood whole or not at all: bytes of which this version would drop a part are refused.
    fn decode_whole(bytes: &[u8]) -> Result<Self, Malformed> {
        let wire = Self::Wire::decode(bytes)
            .map_err(|e| Malformed::new(std::any::type_name::<Self>(), format!("send valid protobuf ({e})")))?;
        if wire.encoded_len() != bytes.len() {
            let remedy = "it holds fields that this version does not know: run the newer version on this node";
            return Err(Malformed::new(std::any::type_name::<Self>(), remedy));
        }
        Self::from_wire(wire)
    }
}

macro_rules! as_is {
    ($($type:ty)+) => {$(
        impl Field<$type> for $type {
            fn read(_: &'static str, wire: $type) -> Result<Self, Malformed> {
                Ok(wire)
            }
            fn write(&self) -> $type {
                self.clone()
            }
        }
    )+};
}

as_is!(bool u32 u64 i32 i64 String bytes::Bytes);

impl<T: Field<W>, W> Field<Vec<W>> for Vec<T> {
    fn read(field: &'static str, wire: Vec<W>) -> Result<Self, Malformed> {
        wire.into_iter().map(|w| T::read(field, w)).collect()
    }
    fn write(&self) -> Vec<W> {
        self.iter().map(Field::write).collect()
    }
}

impl<T: Field<W>, W> Field<Option<W>> for Option<T> {
    fn read(field: &'static str, wire: Option<W>) -> Result<Self, Malformed> {
        wire.map(|w| T::read(field, w)).transpose()
    }
    fn write(&self) -> Option<W> {
        self.as_ref().map(Field::write)
    }
}

/// Ties a struct to its message, field by field under the same names.
///
/// With `written_by` behind, its bytes come from that function, which writes what the message is written as.
///
/// With `default` in front, a message that is absent is the default, and the default is written as absent: for what was
/// added to records that are on disks already.
macro_rules! record {
    (default $type:ident { $($field:ident),+ $(,)? }) => {
        $crate::wire::record!(@message $type { $($field),+ });
        impl $crate::wire::Field<Option<$crate::wire::generated::$type>> for $type {
            fn read(
                _: &'static str,
                wire: Option<$crate::wire::generated::$type>,
            ) -> Result<Self, $crate::wire::Malformed> {
                wire.map_or_else(|| Ok(Self::default()), <Self as $crate::wire::Record>::from_wire)
            }
            fn write(&self) -> Option<$crate::wire::generated::$type> {
                (*self != Self::default()).then(|| $crate::wire::Record::to_wire(self))
            }
        }
    };
    ($type:ident { $($field:ident),+ $(,)? } $(written_by $written_by:path)?) => {
        $crate::wire::record!(@message $type { $($field),+ } $(written_by $written_by)?);
        $crate::wire::message_field!($type);
    };
    (@message $type:ident { $($field:ident),+ } $(written_by $written_by:path)?) => {
        impl $crate::wire::Record for $type {
            type Wire = $crate::wire::generated::$type;
            fn from_wire(wire: Self::Wire) -> Result<Self, $crate::wire::Malformed> {
                Ok(Self { $($field: $crate::wire::Field::read(stringify!($field), wire.$field)
                    .map_err(|e| if e.field == stringify!($field) { e } else { e.within(stringify!($field)) })?),+ })
            }
            fn to_wire(&self) -> Self::Wire {
                $crate::wire::generated::$type { $($field: $crate::wire::Field::write(&self.$field)),+ }
            }
            $(fn encode(&self) -> Vec<u8> {
                $written_by(self)
            })?
        }
    };
}

/// Lets a record stand as a required or repeated field of another.
macro_rules! message_field {
    ($type:ident) => {
        impl $crate::wire::Field<$crate::wire::generated::$type> for $type {
            fn read(_: &'static str, wire: $crate::wire::generated::$type) -> Result<Self, $crate::wire::Malformed> {
                <Self as $crate::wire::Record>::from_wire(wire)
            }
            fn write(&self) -> $crate::wire::generated::$type {
                $crate::wire::Record::to_wire(self)
            }
        }
        impl $crate::wire::Field<Option<$crate::wire::generated::$type>> for $type {
            fn read(
                field: &'static str,
                wire: Option<$crate::wire::generated::$type>,
            ) -> Result<Self, $crate::wire::Malformed> {
                let wire = wire.ok_or_else(|| $crate::wire::Malformed::new(field, "is required"))?;
                <Self as $crate::wire::Record>::from_wire(wire)
            }
            fn write(&self) -> Option<$crate::wire::generated::$type> {
                Some($crate::wire::Record::to_wire(self))
            }
        }
    };
}

/// An enum whose wire number 0 (unspecified) is refused.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type { $($(#[$vdoc])* #[serde(rename = $name)] $variant),+ }

        impl $type {
            /// Every value, in wire order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in JSON, transcripts and configuration.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The value of that name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::wire::Field<i32> for $type {
            fn read(field: &'static str, wire: i32) -> Result<Self, $crate::wire::Malformed> {
                match $crate::wire::generated::$type::try_from(wire) {
                    $(Ok($crate::wire::generated::$type::$variant) => Ok(Self::$variant),)+
                    _ => Err($crate::wire::Malformed::new(field, concat!("use one of", $(" ", $name),+))),
                }
            }
            fn write(&self) -> i32 {
                match self { $(Self::$variant => $crate::wire::generated::$type::$variant as i32),+ }
            }
        }

        impl $crate::wire::Field<i32> for Option<$type> {
            fn read(field: &'static str, wire: i32) -> Result<Self, $crate::wire::Malformed> {
                if wire == 0 { Ok(None) } else { $crate::wire::Field::read(field, wire).map(Some) }
            }
            fn write(&self) -> i32 {
                self.as_ref().map_or(0, $crate::wire::Field::write)
            }
        }
    };
}

pub(crate) use {message_field, record, wire_enum};
