"""The names that a shared library exports, read from its file."""

import os
import struct


def file_of(library):
    """The file of a loaded library."""
    with open('/proc/self/maps') as maps:
        for line in maps:
            path = line.rstrip('\n').partition('/')[2]
            if os.path.basename(path).startswith(library):
                return '/' + path
    raise FileNotFoundError(library)


def exports(path):
    """The functions of a 64-bit little-endian ELF file's dynamic symbol table."""
    with open(path, 'rb') as file:
        data = file.read()
    table, = struct.unpack_from('<Q', data, 40)
    size, count = struct.unpack_from('<HH', data, 58)
    sections = [struct.unpack_from('<IIQQQQIIQQ', data, table + index * size) for index in range(count)]
    found = set()
    for _, kind, _, _, offset, length, link, _, _, entry in sections:
        if kind != 11:  # SHT_DYNSYM
            continue
        strings = sections[link][4]
        for at in range(offset, offset + length, entry):
            name, info, _, section, _, _ = struct.unpack_from('<IBBHQQ', data, at)
            if section != 0 and info & 15 in (2, 10):  # defined; STT_FUNC, STT_GNU_IFUNC
                end = data.index(b'\0', strings + name)
                found.add(data[strings + name:end].decode())
    return found


