//! How large an array Go makes when a slice grows: templates can see it, since `slice` reaches as far as the array.

use super::list::ListKind;

/// The sizes in which Go's allocator gives memory to small objects (`runtime/sizeclasses.go`).
const CLASSES: [usize; 66] = [
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480,
    512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864,
    5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480,
    21760, 24576, 27264, 28672,
];
/// The largest of them.
const MAX_SMALL: usize = 32768;
/// Objects with pointers that are larger than this have a header.
const MIN_FOR_HEADER: usize = 512;
const HEADER: usize = 8;
/// Others are given in pages.
const PAGE: usize = 8192;
/// Below this, arrays are doubled.
const DOUBLED: usize = 256;

/// The capacity of a slice with room for `capacity` elements after `len` elements were appended to it one by one.
pub(super) fn appended(kind: ListKind, capacity: usize, len: usize) -> usize {
    let mut capacity = capacity;
    while capacity < len {
        capacity = grown(kind, capacity, capacity + 1);
    }
    capacity
}

/// The capacity of a slice that was full and is to hold `len` elements.
pub(super) fn grown(kind: ListKind, old: usize, len: usize) -> usize {
    let (size, pointers) = match kind {
        ListKind::Any | ListKind::Str => (16, true),
        ListKind::Int | ListKind::Float => (8, false),
        ListKind::ListOfAny | ListKind::ListOfStr => (24, true),
        ListKind::MapOfAny => (8, true),
    };
    let wanted = if len > 2 * old {
        len
    } else if old < DOUBLED {
        2 * old
    } else {
        let mut new = old;
        while new < len {
            new += (new + 3 * DOUBLED) >> 2;
        }
        new
    };
    rounded(wanted * size, pointers) / size
}

/// The size of what the allocator gives.
fn rounded(size: usize, pointers: bool) -> usize {
    let header = if pointers && size > MIN_FOR_HEADER { HEADER } else { 0 };
    let wanted = size + header;
    if size > MAX_SMALL - HEADER {
        return size.next_multiple_of(PAGE);
    }
    CLASSES.iter().find(|class| **class >= wanted).copied().unwrap_or(MAX_SMALL) - header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_grow_as_in_go() {
        let seen = |kind| [1, 2, 3, 5, 9, 17, 33, 72, 300].map(|len| appended(kind, 0, len));
        assert_eq!(seen(ListKind::Any), [1, 2, 4, 8, 16, 32, 71, 143, 303]);
        assert_eq!(seen(ListKind::Int), [1, 2, 4, 8, 16, 32, 64, 128, 512]);
        assert_eq!([17, 18, 20, 24, 36].map(|len| grown(ListKind::Any, len, len + 1)), [35, 39, 43, 55, 79]);
    }
}
