//! The form of one value on the wire: the trait that `#[derive(Message)]` builds on, and Kafka's primitive types.

use bytes::Bytes;

use crate::error::{DecodeError, Fault};
pub use crate::shape::Shape;
use crate::varint::{self, one_more};
use crate::{Reader, Writer};

/// A value with a form on the wire. `write` writes exactly `size` bytes, whatever the value is, so writing cannot
/// fail.
pub trait Field: Sized {
    /// Reads the value.
    fn read(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError>;
    /// Writes the value.
    fn write(&self, writer: &mut Writer, shape: Shape);
    /// The number of bytes that `write` will write, without those that are held elsewhere.
    fn size(&self, shape: Shape) -> usize;
    /// The smallest number of bytes that a value can take.
    fn least(shape: Shape) -> usize;
}

/// A value that can be null. The default methods are those of structures: one byte before the structure, -1 for null.
pub trait Nullable: Field + Default {
    /// Reads a value or null.
    fn read_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        if reader.i8()? < 0 { Ok(None) } else { Self::read(reader, shape).map(Some) }
    }

    /// Writes a value or null.
    fn write_nullable(value: Option<&Self>, writer: &mut Writer, shape: Shape) {
        writer.i8(if value.is_some() { 1 } else { -1 });
        if let Some(value) = value {
            value.write(writer, shape);
        }
    }

    /// The number of bytes that `write_nullable` will write.
    fn nullable_size(value: Option<&Self>, shape: Shape) -> usize {
        value.map_or(0, |value| value.size(shape)).saturating_add(1)
    }

    /// The smallest number of bytes that a value or null can take.
    fn nullable_least(_: Shape) -> usize {
        1
    }
}

/// In a version that has no null here, `None` is written as the empty value.
impl<T: Nullable> Field for Option<T> {
    #[inline]
    fn read(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        if shape.nullable { T::read_nullable(reader, shape) } else { T::read(reader, shape).map(Some) }
    }

    #[inline]
    fn write(&self, writer: &mut Writer, shape: Shape) {
        match self {
            value if shape.nullable => T::write_nullable(value.as_ref(), writer, shape),
            Some(value) => value.write(writer, shape),
            None => T::default().write(writer, shape),
        }
    }

    #[inline]
    fn size(&self, shape: Shape) -> usize {
        match self {
            value if shape.nullable => T::nullable_size(value.as_ref(), shape),
            Some(value) => value.size(shape),
            None => T::default().size(shape),
        }
    }

    #[inline]
    fn least(shape: Shape) -> usize {
        if shape.nullable { T::nullable_least(shape) } else { T::least(shape) }
    }
}

macro_rules! fixed {
    ($($kind:ident)*) => {$(
        impl Field for $kind {
            #[inline]
            fn read(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
                reader.$kind()
            }

            #[inline]
            fn write(&self, writer: &mut Writer, _: Shape) {
                writer.$kind(*self);
            }

            #[inline]
            fn size(&self, _: Shape) -> usize {
                size_of::<$kind>()
            }

            #[inline]
            fn least(_: Shape) -> usize {
                size_of::<$kind>()
            }
        }
    )*};
}

fixed! { i8 i16 u16 i32 u32 i64 f64 }

impl Field for bool {
    #[inline]
    fn read(reader: &mut Reader, _: Shape) -> Result<Self, DecodeError> {
        reader.i8().map(|byte| byte != 0)
    }

    #[inline]
    fn write(&self, writer: &mut Writer, _: Shape) {
        writer.i8(i8::from(*self));
    }

    #[inline]
    fn size(&self, _: Shape) -> usize {
        1
    }

    #[inline]
    fn least(_: Shape) -> usize {
        1
    }
}

/// The number of bytes of the length prefix of bytes, records or an array.
#[inline]
pub(crate) fn long_length_size(length: Option<usize>, shape: Shape) -> usize {
    if shape.flexible { varint::unsigned_size(one_more(length)) } else { 4 }
}

/// The number of bytes of one tagged field.
#[must_use]
pub fn tag_size(tag: u32, value: &impl Field, shape: Shape) -> usize {
    let size = value.size(shape);
    varint::unsigned_size(tag).saturating_add(varint::unsigned_size(size as u32)).saturating_add(size)
}

/// Writes one tagged field: its tag, its size, its value.
pub fn write_tag(writer: &mut Writer, tag: u32, value: &impl Field, shape: Shape) {
    writer.unsigned_varint(tag);
    writer.unsigned_varint(value.size(shape) as u32);
    value.write(writer, shape);
}

impl Field for Bytes {
    #[inline]
    fn read(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        Self::read_nullable(reader, shape)?.ok_or_else(|| reader.fault(Fault::Null))
    }

    #[inline]
    fn write(&self, writer: &mut Writer, shape: Shape) {
        Self::write_nullable(Some(self), writer, shape);
    }

    #[inline]
    fn size(&self, shape: Shape) -> usize {
        Self::nullable_size(Some(self), shape)
    }

    #[inline]
    fn least(shape: Shape) -> usize {
        long_length_size(None, shape)
    }
}

impl Nullable for Bytes {
    #[inline]
    fn read_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        reader.long_length(shape)?.map(|length| reader.bytes(length)).transpose()
    }

    #[inline]
    fn write_nullable(value: Option<&Self>, writer: &mut Writer, shape: Shape) {
        writer.long_length(value.map(Self::len), shape);
        writer.raw(value.map_or(&[], |bytes| bytes));
    }

    #[inline]
    fn nullable_size(value: Option<&Self>, shape: Shape) -> usize {
        let length = value.map(Self::len);
        long_length_size(length, shape).saturating_add(length.unwrap_or(0))
    }

    #[inline]
    fn nullable_least(shape: Shape) -> usize {
        Self::least(shape)
    }
}

fn read_elements<T: Field>(reader: &mut Reader, count: usize, shape: Shape) -> Result<Vec<T>, DecodeError> {
    let shape = shape.never_null();
    reader.make_room(count, T::least(shape), size_of::<T>())?;
    let mut elements = Vec::with_capacity(count);
    for _ in 0..count {
        elements.push(T::read(reader, shape)?);
    }
    Ok(elements)
}

impl<T: Field> Field for Vec<T> {
    fn read(reader: &mut Reader, shape: Shape) -> Result<Self, DecodeError> {
        Self::read_nullable(reader, shape)?.ok_or_else(|| reader.fault(Fault::Null))
    }

    fn write(&self, writer: &mut Writer, shape: Shape) {
        Self::write_nullable(Some(self), writer, shape);
    }

    fn size(&self, shape: Shape) -> usize {
        Self::nullable_size(Some(self), shape)
    }

    #[inline]
    fn least(shape: Shape) -> usize {
        long_length_size(None, shape)
    }
}

impl<T: Field> Nullable for Vec<T> {
    fn read_nullable(reader: &mut Reader, shape: Shape) -> Result<Option<Self>, DecodeError> {
        reader.long_length(shape)?.map(|count| read_elements(reader, count, shape)).transpose()
    }

    fn write_nullable(value: Option<&Self>, writer: &mut Writer, shape: Shape) {
        writer.long_length(value.map(Self::len), shape);
        for element in value.into_iter().flatten() {
            element.write(writer, shape.never_null());
        }
    }

    fn nullable_size(value: Option<&Self>, shape: Shape) -> usize {
        let elements = value.into_iter().flatten().map(|element| element.size(shape.never_null()));
        elements.fold(long_length_size(value.map(Self::len), shape), usize::saturating_add)
    }

    #[inline]
    fn nullable_least(shape: Shape) -> usize {
        Self::least(shape)
    }
}
