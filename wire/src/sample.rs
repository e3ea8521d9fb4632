//! Values for tests, made from a seed. Every field of a version gets a value, and null where null is allowed.
//!
//! Compiled only with the feature `sample`. `#[derive(Message)]` generates its part through `sample_for!`.

#[cfg(feature = "sample")]
mod source;
#[cfg(feature = "sample")]
pub use source::{Sample, Source, sample};

/// Takes the derive macro's sampling code, or drops it.
#[cfg(feature = "sample")]
#[doc(hidden)]
#[macro_export]
macro_rules! sample_for {
    ($name:ident, $source:ident, $shape:ident, { $($fields:tt)* }) => {
        #[automatically_derived]
        impl $crate::sample::Sample for $name {
            fn sample($source: &mut $crate::sample::Source, $shape: $crate::field::Shape) -> Self {
                let _ = (&$source, $shape);
                Self { $($fields)* }
            }
        }
    };
}

/// Takes the derive macro's sampling code, or drops it.
#[cfg(not(feature = "sample"))]
#[doc(hidden)]
#[macro_export]
macro_rules! sample_for {
    ($($anything:tt)*) => {};
}
