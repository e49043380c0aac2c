//! Blocks of extensions, the same in every hello (RFC 8446, 4.2).

use crate::{
    ExtensionType, ParseError,
    bytes::{self, Reader},
};

/// Extensions in order, with their raw bodies.
pub(crate) type Extensions = Vec<(ExtensionType, Vec<u8>)>;

/// Reads a block: a length of two bytes, then extensions.
pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Extensions, ParseError> {
    let mut block = reader.vector(2, "the extensions are cut short")?;
    let mut extensions = Vec::new();
    while !block.is_empty() {
        let kind = ExtensionType(block.u16("an extension is cut short")?);
        let body = block.vector(2, "an extension is cut short")?;
        extensions.push((kind, body.rest().to_vec()));
    }
    Ok(extensions)
}

/// Writes a block.
pub(crate) fn write(out: &mut Vec<u8>, extensions: &[(ExtensionType, Vec<u8>)]) {
    bytes::vector(out, 2, |out| {
        for (kind, body) in extensions {
            bytes::words(out, [kind.0]);
            bytes::vector(out, 2, |out| out.extend(body));
        }
    });
}

/// The raw body of the first extension of this type.
pub(crate) fn find(extensions: &[(ExtensionType, Vec<u8>)], kind: ExtensionType) -> Option<&[u8]> {
    extensions.iter().find(|entry| entry.0 == kind).map(|entry| entry.1.as_slice())
}

/// The protocols of ALPN (RFC 7301, 3.1), as far as they can be read.
pub(crate) fn protocols(body: &[u8]) -> Vec<&[u8]> {
    let mut protocols = Vec::new();
    if let Ok(mut list) = Reader::new(body).vector(2, "") {
        while let Ok(protocol) = list.vector(1, "") {
            protocols.push(protocol.rest());
        }
    }
    protocols
}

/// A vector of two-byte values, as far as it can be read.
pub(crate) fn values(body: &[u8], width: usize) -> Vec<u16> {
    let list = Reader::new(body).vector(width, "").map_or(&[][..], Reader::rest);
    list.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}
