//! Where the bytes come from: a file, or what gzip makes of it.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};

use flate2::read::MultiGzDecoder;

/// The bytes of a capture file, decompressed as they are read.
pub(crate) enum Source {
    Plain(File),
    Gzip(Box<MultiGzDecoder<BufReader<File>>>),
}

impl Source {
    /// Opens a file and looks at its first bytes.
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        let mut magic = [0; 2];
        let compressed = read_up_to(&mut file, &mut magic)? == 2 && magic == [0x1f, 0x8b];
        file.rewind()?;
        Ok(if compressed {
            let reader = BufReader::with_capacity(64 << 10, file);
            Self::Gzip(Box::new(MultiGzDecoder::new(reader)))
        } else {
            Self::Plain(file)
        })
    }
}

fn read_up_to(file: &mut File, to: &mut [u8]) -> std::io::Result<usize> {
    let mut read = 0;
    while let Some(space) = to.get_mut(read..).filter(|space| !space.is_empty()) {
        match file.read(space)? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

impl Read for Source {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(file) => file.read(to),
            Self::Gzip(decoder) => decoder.read(to),
        }
    }
}
