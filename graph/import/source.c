/* Where bytes come from. A packing is one row of a table: its magic bytes and how to unpack a
 * stream. Members of a gzip file and frames of a zstd file may follow each other; a file that ends
 * inside one is corrupt, since a silently shortened table is the worst kind of import. */
#include "graph/import/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { INPUT_BYTES = 1 << 18, MAGIC_BYTES = 4 };

typedef struct packing {
    const char *name;
    unsigned char magic[MAGIC_BYTES];
    size_t magic_size;
    gx_status (*open)(gx__source *source, gx_error *err);
    gx_status (*read)(size_t *out_size, gx__source *source, char *out, size_t size, gx_error *err);
    void (*close)(gx__source *source);
} packing;

struct gx__source {
    const packing *packing;
    char *path;
    int fd; /* -1: memory */
    const char *memory;
    size_t memory_size;
    uint64_t used, total;
    char *input; /* bytes as they are in the file, not yet unpacked */
    size_t input_at, input_end;
    bool ended;  /* the file has no more bytes */
    bool inside; /* a member or frame has begun and not ended */
    z_stream zlib;
    ZSTD_DStream *zstd;
};

/* ---- the file itself ---------------------------------------------------------------------- */

static gx_status file_read(size_t *out_size, gx__source *source, char *out, size_t size,
                           gx_error *err) {
    size_t got = 0;
    if (source->fd < 0) {
        size_t left = source->memory_size - (size_t)source->used;
        got = left < size ? left : size;
        if (got) {
            memcpy(out, source->memory + source->used, got);
        }
    }
    while (source->fd >= 0 && got < size) {
        ssize_t step = read(source->fd, out + got, size - got);
        if (step < 0 && errno == EINTR) {
            continue;
        }
        if (step < 0) {
            return gx_fail_errno(err, errno, "read", source->path);
        }
        if (step == 0) {
            break;
        }
        got += (size_t)step;
    }
    source->ended = got < size;
    source->used += got;
    *out_size = got;
    return GX_OK;
}

static gx_status input_fill(gx__source *source, gx_error *err) {
    if (source->input_at < source->input_end || source->ended) {
        return GX_OK;
    }
    source->input_at = 0;
    return file_read(&source->input_end, source, source->input, INPUT_BYTES, err);
}

static gx_status cut_short(const gx__source *source, gx_error *err) {
    return gx_fail_at(err, GX_CORRUPT, source->path,
                      "the %s data ends too early, after %llu bytes of the file: it was cut short",
                      source->packing->name, (unsigned long long)source->used);
}

static gx_status damaged(const gx__source *source, const char *why, gx_error *err) {
    return gx_fail_at(err, GX_CORRUPT, source->path, "the %s data is damaged (%s)",
                      source->packing->name, why ? why : "no reason given");
}

/* ---- packings -------------------------------------------------------------------------- */

static gx_status plain_open(gx__source *source, gx_error *err) {
    (void)source;
    (void)err;
    return GX_OK;
}

static gx_status plain_read(size_t *out_size, gx__source *source, char *out, size_t size,
                            gx_error *err) {
    size_t got = source->input_end - source->input_at; /* what looking for the magic has read */
    got = got < size ? got : size;
    if (got) {
        memcpy(out, source->input + source->input_at, got);
        source->input_at += got;
    }
    size_t more = 0;
    if (got < size && !source->ended) {
        gx_status status = file_read(&more, source, out + got, size - got, err);
        if (status != GX_OK) {
            return status;
        }
    }
    *out_size = got + more;
    return GX_OK;
}

static void plain_close(gx__source *source) {
    (void)source;
}

static void *zlib_alloc(void *user, unsigned count, unsigned size) {
    (void)user;
    return gx_alloc(count, size);
}

static void zlib_free(void *user, void *block) {
    (void)user;
    gx_free(block);
}

static gx_status gzip_open(gx__source *source, gx_error *err) {
    source->zlib = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free};
    if (inflateInit2(&source->zlib, MAX_WBITS + 16) != Z_OK) {
        return gx_fail_memory(err, 1 << MAX_WBITS);
    }
    return GX_OK;
}

/* Between members: the next one, or the zeros that tapes and disk images pad with. */
static void gzip_skip_padding(gx__source *source) {
    while (source->input_at < source->input_end && source->input[source->input_at] == '\0') {
        source->input_at++;
    }
}

static gx_status gzip_read(size_t *out_size, gx__source *source, char *out, size_t size,
                           gx_error *err) {
    z_stream *z = &source->zlib;
    size_t got = 0;
    while (got < size) {
        gx_status status = input_fill(source, err);
        if (status != GX_OK) {
            return status;
        }
        if (!source->inside) {
            gzip_skip_padding(source);
        }
        if (source->input_at == source->input_end) {
            if (!source->ended) {
                continue;
            }
            if (source->inside) {
                return cut_short(source, err);
            }
            break;
        }
        source->inside = true;
        z->next_in = (unsigned char *)source->input + source->input_at;
        z->avail_in = (unsigned)(source->input_end - source->input_at);
        z->next_out = (unsigned char *)out + got;
        size_t room = size - got < INPUT_BYTES * 16 ? size - got : INPUT_BYTES * 16;
        z->avail_out = (unsigned)room;
        int code = inflate(z, Z_NO_FLUSH);
        got += room - z->avail_out;
        source->input_at = source->input_end - z->avail_in;
        if (code == Z_STREAM_END) {
            source->inside = false;
            inflateReset(z);
        } else if (code == Z_MEM_ERROR) {
            return gx_fail_memory(err, 1 << MAX_WBITS);
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return damaged(source, z->msg, err);
        }
    }
    *out_size = got;
    return GX_OK;
}

static void gzip_close(gx__source *source) {
    inflateEnd(&source->zlib);
}

static gx_status zstd_open(gx__source *source, gx_error *err) {
    source->zstd = ZSTD_createDStream();
    return source->zstd ? GX_OK : gx_fail_memory(err, ZSTD_DStreamOutSize());
}

static gx_status zstd_read(size_t *out_size, gx__source *source, char *out, size_t size,
                           gx_error *err) {
    size_t got = 0;
    while (got < size) {
        gx_status status = input_fill(source, err);
        if (status != GX_OK) {
            return status;
        }
        bool dry = source->input_at == source->input_end;
        if (dry && !source->inside) {
            break;
        }
        ZSTD_inBuffer in = {source->input, source->input_end, source->input_at};
        ZSTD_outBuffer unpacked = {out, size, got};
        size_t code = ZSTD_decompressStream(source->zstd, &unpacked, &in);
        if (ZSTD_isError(code)) {
            return damaged(source, ZSTD_getErrorName(code), err);
        }
        /* Without input it may still have bytes to give; without either, the frame was cut. */
        if (dry && unpacked.pos == got && source->ended && code != 0) {
            return cut_short(source, err);
        }
        got = unpacked.pos;
        source->input_at = in.pos;
        source->inside = code != 0;
    }
    *out_size = got;
    return GX_OK;
}

static void zstd_close(gx__source *source) {
    ZSTD_freeDStream(source->zstd);
}

static const packing packings[] = {
    {"gzip", {0x1f, 0x8b}, 2, gzip_open, gzip_read, gzip_close},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4, zstd_open, zstd_read, zstd_close},
    {"plain", {0}, 0, plain_open, plain_read, plain_close}, /* last: fits everything */
};

/* ---- opening and closing ------------------------------------------------------------------- */

static gx_status source_start(gx__source *source, const char *path, gx_error *err) {
    source->path = gx_strdup(path);
    source->input = gx_alloc(1, INPUT_BYTES);
    if (!source->path || !source->input) {
        return gx_fail_memory(err, INPUT_BYTES);
    }
    gx_status status = input_fill(source, err);
    if (status != GX_OK) {
        return status;
    }
    const packing *found = packings;
    while (source->input_end < found->magic_size ||
           memcmp(source->input, found->magic, found->magic_size) != 0) {
        found++;
    }
    status = found->open(source, err);
    if (status == GX_OK) {
        source->packing = found; /* only now is there something to close */
    }
    return status;
}

gx_status gx__source_open(gx__source **out, const char *path, gx_error *err) {
    gx_status status = GX_OK;
    gx__source *source = gx_alloc0(1, sizeof *source);
    if (!source) {
        return gx_fail_memory(err, sizeof *source);
    }
    bool is_stdin = strcmp(path, "-") == 0;
    source->fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0) {
        int number = errno;
        gx_free(source);
        return number == ENOENT
                   ? gx_fail_at(err, GX_NOT_FOUND, path, "there is no file by this name")
                   : gx_fail_errno(err, number, "open", path);
    }
    struct stat about;
    if (fstat(source->fd, &about) == 0) {
        if (S_ISDIR(about.st_mode)) {
            status = gx_fail_at(err, GX_BAD_REQUEST, path, "is a folder; a file is wanted here");
            goto done;
        }
        source->total = S_ISREG(about.st_mode) ? (uint64_t)about.st_size : 0;
    }
    GX_TRY(source_start(source, is_stdin ? "standard input" : path, err));
    *out = source;
    return GX_OK;
done:
    gx__source_close(source);
    return status;
}

gx_status gx__source_open_memory(gx__source **out, const char *data, size_t size, gx_error *err) {
    gx__source *source = gx_alloc0(1, sizeof *source);
    if (!source) {
        return gx_fail_memory(err, sizeof *source);
    }
    source->fd = -1;
    source->memory = data;
    source->memory_size = size;
    source->total = size;
    gx_status status = source_start(source, "memory", err);
    if (status != GX_OK) {
        gx__source_close(source);
        return status;
    }
    *out = source;
    return GX_OK;
}

void gx__source_close(gx__source *source) {
    if (!source) {
        return;
    }
    if (source->packing) {
        source->packing->close(source);
    }
    if (source->fd > STDERR_FILENO) {
        close(source->fd);
    }
    gx_free(source->path);
    gx_free(source->input);
    gx_free(source);
}

gx_status gx__source_read(size_t *out_size, gx__source *source, char *out, size_t size,
                          gx_error *err) {
    return source->packing->read(out_size, source, out, size, err);
}

const char *gx__source_path(const gx__source *source) {
    return source->path;
}

uint64_t gx__source_used(const gx__source *source) {
    return source->used - (source->input_end - source->input_at);
}

uint64_t gx__source_total(const gx__source *source) {
    return source->total;
}
