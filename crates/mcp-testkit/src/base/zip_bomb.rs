//! A small gzip body that unpacks to a large one.

use bytes::{BufMut, Bytes, BytesMut};
use flate2::{Compress, Compression, Crc, FlushCompress};

const BLOCK: usize = 1024 * 1024;

/// Returns at least `size` spaces and then `json`, compressed with gzip (RFC 1952). A block of
/// spaces is compressed once, and its output is repeated.
pub(crate) fn gzip_bomb(size: usize, json: &str) -> Bytes {
    let spaces = vec![b' '; BLOCK];
    let packed = deflate(&spaces, FlushCompress::Full);
    let mut block = Crc::new();
    block.update(&spaces);
    let mut sum = Crc::new();
    let mut bomb = BytesMut::from(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff][..]);
    for _ in 0..size.div_ceil(BLOCK) {
        bomb.put_slice(&packed);
        sum.combine(&block);
    }
    bomb.put_slice(&deflate(json.as_bytes(), FlushCompress::Finish));
    sum.update(json.as_bytes());
    bomb.put_u32_le(sum.sum());
    bomb.put_u32_le(sum.amount());
    bomb.freeze()
}

fn deflate(bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() + 1024);
    let outcome = Compress::new(Compression::best(), false).compress_vec(bytes, &mut packed, flush);
    outcome.expect("memory to memory does not fail");
    packed
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn unpacks_to_at_least_the_requested_size() {
        let bomb = gzip_bomb(3 * BLOCK - 1, "{}");
        assert!(bomb.len() < 10_000, "{}", bomb.len());
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&*bomb).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked.len(), 3 * BLOCK + 2);
        assert_eq!(unpacked.trim_start(), "{}");
    }
}
