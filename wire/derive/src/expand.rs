//! The code a struct's declaration stands for.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Fields, Ident, Result, Type};

use crate::attributes::{FieldAttributes, StructAttributes, Versions};

/// One field, with everything its code needs.
struct Field<'a> {
    name: &'a Ident,
    kind: &'a Type,
    wire: FieldAttributes,
}

pub(crate) fn message(input: &DeriveInput) -> Result<TokenStream> {
    let attributes = StructAttributes::parse(&input.attrs)?;
    let fields = fields(input)?;
    let name = &input.ident;
    let parts = [default(name, &fields), field(name, &fields), sample(name, &fields)];
    let whole = attributes.flexible.map(|flexible| whole_message(name, flexible));
    Ok(quote!(#(#parts)* #whole))
}

fn fields(input: &DeriveInput) -> Result<Vec<Field<'_>>> {
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&input.generics, "a message has no type parameters"));
    }
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(named) => &named.named,
            _ => {
                return Err(syn::Error::new_spanned(&input.ident, "a message is a struct with named fields"));
            }
        },
        _ => return Err(syn::Error::new_spanned(&input.ident, "a message is a struct with named fields")),
    };
    let fields = named.iter().map(one_field).collect::<Result<Vec<_>>>()?;
    check_tags(&fields)?;
    Ok(fields)
}

fn one_field(field: &syn::Field) -> Result<Field<'_>> {
    let name = field.ident.as_ref().ok_or_else(|| syn::Error::new_spanned(field, "a field needs a name"))?;
    let wire = FieldAttributes::parse(&field.attrs)?;
    if wire.nullable != Versions::NONE && !is_option(&field.ty) {
        return Err(syn::Error::new_spanned(&field.ty, "a nullable field is an `Option`"));
    }
    if wire.nullable == Versions::NONE && is_option(&field.ty) {
        return Err(syn::Error::new_spanned(
            &field.ty,
            "an `Option` says in which versions it is `nullable = \"..\"`",
        ));
    }
    Ok(Field { name, kind: &field.ty, wire })
}

fn is_option(kind: &Type) -> bool {
    matches!(kind, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

fn check_tags(fields: &[Field<'_>]) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for (tag, literal) in fields.iter().filter_map(|field| field.wire.tag.as_ref()) {
        if !seen.insert(*tag) {
            return Err(syn::Error::new(literal.span(), "this tag is already taken"));
        }
    }
    Ok(())
}

/// Tagged fields in the order of their tags, as the wire wants them.
fn tagged<'a>(fields: &'a [Field<'a>]) -> Vec<(u32, &'a Field<'a>)> {
    let mut tagged: Vec<_> =
        fields.iter().filter_map(|field| field.wire.tag.as_ref().map(|(tag, _)| (*tag, field))).collect();
    tagged.sort_by_key(|(tag, _)| *tag);
    tagged
}

impl Field<'_> {
    fn is_plain(&self) -> bool {
        self.wire.tag.is_none()
    }

    fn default(&self) -> TokenStream {
        let kind = self.kind;
        match &self.wire.default {
            Some(default) => quote!(#default),
            None => quote!(<#kind as ::core::default::Default>::default()),
        }
    }

    /// The condition under which this version carries the field; `None` where every version does.
    fn carried(&self) -> Option<TokenStream> {
        condition(self.wire.versions)
    }

    /// The field's own shape: the message's, and whether it may be null.
    fn shape(&self) -> TokenStream {
        match condition(self.wire.nullable) {
            _ if self.wire.nullable == Versions::NONE => quote!(shape.never_null()),
            Some(condition) => quote!(shape.null_where(#condition)),
            None => quote!(shape.null_where(true)),
        }
    }

    fn where_carried(&self, then: TokenStream, otherwise: TokenStream) -> TokenStream {
        match self.carried() {
            Some(condition) => quote!(if #condition { #then } else { #otherwise }),
            None => then,
        }
    }
}

fn condition(versions: Versions) -> Option<TokenStream> {
    let Versions { first, last } = versions;
    match (first, last) {
        (0, i16::MAX) => None,
        (first, i16::MAX) => Some(quote!(shape.version >= #first)),
        (0, last) => Some(quote!(shape.version <= #last)),
        (first, last) => Some(quote!((#first..=#last).contains(&shape.version))),
    }
}

fn default(name: &Ident, fields: &[Field<'_>]) -> TokenStream {
    let values = fields.iter().map(|field| {
        let (name, default) = (field.name, field.default());
        quote!(#name: #default)
    });
    quote! {
        #[automatically_derived]
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#values),* }
            }
        }
    }
}

fn field(name: &Ident, fields: &[Field<'_>]) -> TokenStream {
    let (read, write, size, least) = (read(fields), write(fields), size(fields), least(fields));
    quote! {
        #[automatically_derived]
        impl ::creel_wire::field::Field for #name {
            fn read(
                reader: &mut ::creel_wire::Reader,
                shape: ::creel_wire::field::Shape,
            ) -> ::core::result::Result<Self, ::creel_wire::DecodeError> {
                #read
            }

            fn write(&self, writer: &mut ::creel_wire::Writer, shape: ::creel_wire::field::Shape) {
                #write
            }

            fn size(&self, shape: ::creel_wire::field::Shape) -> usize {
                #size
            }

            fn least(shape: ::creel_wire::field::Shape) -> usize {
                #least
            }
        }

        #[automatically_derived]
        impl ::creel_wire::field::Nullable for #name {}
    }
}

fn read(fields: &[Field<'_>]) -> TokenStream {
    let plain = fields.iter().filter(|field| field.is_plain()).map(|field| {
        let (name, kind, shape) = (field.name, field.kind, field.shape());
        let read = quote!(<#kind as ::creel_wire::field::Field>::read(reader, #shape)?);
        let value = field.where_carried(read, field.default());
        quote!(let #name: #kind = #value;)
    });
    let tagged = tagged(fields);
    let defaults = tagged.iter().map(|(_, field)| {
        let (name, kind, default) = (field.name, field.kind, field.default());
        quote!(let mut #name: #kind = #default;)
    });
    let arms = tagged.iter().map(|(tag, field)| {
        let (name, kind, shape) = (field.name, field.kind, field.shape());
        let guard = field.carried().map(|condition| quote!(if #condition));
        quote!(#tag #guard => #name = <#kind as ::creel_wire::field::Field>::read(reader, #shape)?,)
    });
    let tags = if tagged.is_empty() {
        quote!(reader.skip_tags()?;)
    } else {
        quote! {
            reader.tags(|reader, tag| {
                match tag {
                    #(#arms)*
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
    };
    let names = fields.iter().map(|field| field.name);
    quote! {
        #(#plain)*
        #(#defaults)*
        if shape.flexible {
            #tags
        }
        Ok(Self { #(#names),* })
    }
}

fn write(fields: &[Field<'_>]) -> TokenStream {
    let plain = fields.iter().filter(|field| field.is_plain()).map(|field| {
        let (name, shape) = (field.name, field.shape());
        let write = quote!(::creel_wire::field::Field::write(&self.#name, writer, #shape););
        field.where_carried(write, quote!())
    });
    let tags = tagged(fields);
    let flags = flags(&tags);
    let counts = tags.iter().map(|(_, field)| sent(field));
    let writes = tags.iter().map(|(tag, field)| {
        let (name, shape, sent) = (field.name, field.shape(), sent(field));
        quote!(if #sent { ::creel_wire::field::write_tag(writer, #tag, &self.#name, #shape); })
    });
    quote! {
        #(#plain)*
        if shape.flexible {
            #flags
            writer.unsigned_varint(0 #(+ u32::from(#counts))*);
            #(#writes)*
        }
    }
}

fn size(fields: &[Field<'_>]) -> TokenStream {
    let plain = fields.iter().filter(|field| field.is_plain()).map(|field| {
        let (name, shape) = (field.name, field.shape());
        let size = quote!(::creel_wire::field::Field::size(&self.#name, #shape));
        match field.carried() {
            Some(condition) => quote!(if #condition { size += #size; }),
            None => quote!(size += #size;),
        }
    });
    let tags = tagged(fields);
    let flags = flags(&tags);
    let counts = tags.iter().map(|(_, field)| sent(field));
    let sizes = tags.iter().map(|(tag, field)| {
        let (name, shape, sent) = (field.name, field.shape(), sent(field));
        quote!(if #sent { size += ::creel_wire::field::tag_size(#tag, &self.#name, #shape); })
    });
    quote! {
        let mut size = 0;
        #(#plain)*
        if shape.flexible {
            #flags
            size += ::creel_wire::varint::unsigned_size(0 #(+ u32::from(#counts))*);
            #(#sizes)*
        }
        size
    }
}

fn least(fields: &[Field<'_>]) -> TokenStream {
    let plain = fields.iter().filter(|field| field.is_plain()).map(|field| {
        let (kind, shape) = (field.kind, field.shape());
        let least = quote!(<#kind as ::creel_wire::field::Field>::least(#shape));
        match field.carried() {
            Some(condition) => quote!(if #condition { least += #least; }),
            None => quote!(least += #least;),
        }
    });
    // A flexible structure ends with the count of its tags.
    quote! {
        let mut least = usize::from(shape.flexible);
        #(#plain)*
        least
    }
}

/// One local per tagged field: whether it is to be sent.
fn flags(tags: &[(u32, &Field<'_>)]) -> TokenStream {
    let flags = tags.iter().map(|(_, field)| {
        let (name, sent, default) = (field.name, sent(field), field.default());
        let carried = field.carried().unwrap_or_else(|| quote!(true));
        quote!(let #sent = #carried && self.#name != #default;)
    });
    quote!(#(#flags)*)
}

fn sent(field: &Field<'_>) -> Ident {
    format_ident!("sends_{}", field.name)
}

/// Values for tests; the wire crate decides (by its feature `sample`) whether this becomes code.
fn sample(name: &Ident, fields: &[Field<'_>]) -> TokenStream {
    let values = fields.iter().map(|field| {
        let (name, kind, shape) = (field.name, field.kind, field.shape());
        let sample = quote!(<#kind as ::creel_wire::sample::Sample>::sample(source, #shape));
        let sample = if field.is_plain() {
            field.where_carried(sample, field.default())
        } else {
            let carried = field.carried().unwrap_or_else(|| quote!(true));
            let default = field.default();
            quote!(if shape.flexible && #carried { #sample } else { #default })
        };
        quote!(#name: #sample)
    });
    quote!(::creel_wire::sample_for! { #name, source, shape, { #(#values),* } })
}

fn whole_message(name: &Ident, flexible: Versions) -> TokenStream {
    let flexible_from = flexible.first;
    quote! {
        #[automatically_derived]
        impl ::creel_wire::Message for #name {
            const FLEXIBLE_FROM: i16 = #flexible_from;
        }

        #[automatically_derived]
        impl ::creel_wire::Decode for #name {
            fn decode(
                reader: &mut ::creel_wire::Reader,
                version: i16,
            ) -> ::core::result::Result<Self, ::creel_wire::DecodeError> {
                let shape = <Self as ::creel_wire::Message>::shape(version);
                <Self as ::creel_wire::field::Field>::read(reader, shape)
            }
        }

        #[automatically_derived]
        impl ::creel_wire::Encode for #name {
            fn encoded_len(&self, version: i16) -> usize {
                ::creel_wire::field::Field::size(self, <Self as ::creel_wire::Message>::shape(version))
            }

            fn encode(&self, writer: &mut ::creel_wire::Writer, version: i16) {
                ::creel_wire::field::Field::write(self, writer, <Self as ::creel_wire::Message>::shape(version));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::{DeriveInput, parse_quote};

    use super::message;

    fn complaint(input: &DeriveInput) -> String {
        message(input).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn mistakes_are_named() {
        let cases: [(DeriveInput, &str); 10] = [
            (
                parse_quote!(
                    struct M {
                        #[wire(versions = "3-1")]
                        a: i32,
                    }
                ),
                "versions are written",
            ),
            (
                parse_quote!(
                    struct M {
                        #[wire(versions = "v3")]
                        a: i32,
                    }
                ),
                "versions are written",
            ),
            (
                parse_quote!(
                    struct M {
                        #[wire(version = "3+")]
                        a: i32,
                    }
                ),
                "a field takes `versions`",
            ),
            (
                parse_quote!(
                    struct M {
                        #[wire(nullable = "3+")]
                        a: i32,
                    }
                ),
                "a nullable field is an `Option`",
            ),
            (
                parse_quote!(
                    struct M {
                        a: Option<Str>,
                    }
                ),
                "in which versions it is `nullable",
            ),
            (
                parse_quote!(
                    struct M {
                        #[wire(tag = 1)]
                        a: i32,
                        #[wire(tag = 1)]
                        b: i32,
                    }
                ),
                "already taken",
            ),
            (
                parse_quote!(
                    #[wire(flexible = "3-4")]
                    struct M {}
                ),
                "flexible versions never end",
            ),
            (
                parse_quote!(
                    #[wire(tag = 1)]
                    struct M {}
                ),
                "a struct takes only",
            ),
            (
                parse_quote!(
                    enum M {}
                ),
                "a struct with named fields",
            ),
            (
                parse_quote!(
                    struct M<T> {
                        a: T,
                    }
                ),
                "no type parameters",
            ),
        ];
        for (input, expected) in cases {
            let complaint = complaint(&input);
            assert!(complaint.contains(expected), "{complaint:?} instead of {expected:?}");
        }
    }

    #[test]
    fn only_a_struct_marked_flexible_is_a_whole_message() {
        let part = message(&parse_quote!(
            struct Part {
                a: i32,
            }
        ))
        .expect("a part")
        .to_string();
        assert!(!part.contains("FLEXIBLE_FROM"));
        let whole = parse_quote!(
            #[wire(flexible = "none")]
            struct Whole {
                a: i32,
            }
        );
        let whole = message(&whole).expect("a whole").to_string();
        assert!(whole.contains("FLEXIBLE_FROM : i16 = 32767i16"));
    }
}
