/* Hyperscan as a peer to measure against: compiles the regexes of a table and scans files with them, in memory.
 *
 *   hyperscan block|line REGEXES DATABASE [--dump OUT] FILE...
 *
 * Compiling takes half a minute for 10,000 regexes, so what was compiled is kept in the file DATABASE for the next run.
 * REGEXES has lines `number TAB regex`. `block` hands over whole lines of about 1 MB at once, `line` each line on its own,
 * with HS_FLAG_SINGLEMATCH, which stops a regex at its first match there. Prints `compile_s bytes_of_database scan_cpu_s
 * bytes matches`, where matches are pairs of a rule and a line and compile_s is 0 when DATABASE was there; with --dump also
 * writes the matches, `number TAB line`, the lines counted through all files. Reading the files is not in the time, finding
 * out the line of a match is. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_BYTES (1 << 20)
#define PENDING_MOST (1 << 16)

/* A match in a block whose line is not known yet. */
struct hit { unsigned rule; size_t end; };

static struct {
    FILE *dump;
    const char *block;          /* what is being scanned */
    unsigned long long line;    /* the number of its first line */
    unsigned long long matches;
    struct hit *hits;
    size_t count, room;
    unsigned long long *last;   /* for each rule the last line it was found in */
} state;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "hyperscan: %s: %s\n", what, why);
    exit(2);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

static char *contents(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path, "cannot be opened");
    fseek(file, 0, SEEK_END);
    *length = ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (!text || fread(text, 1, *length, file) != *length) fail(path, "cannot be read");
    text[*length] = 0;
    fclose(file);
    return text;
}

static int by_end(const void *one, const void *other) {
    size_t a = ((const struct hit *)one)->end, b = ((const struct hit *)other)->end;
    return (a > b) - (a < b);
}

static int on_match(unsigned rule, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)from; (void)flags; (void)context;
    /* a value at the end of a regex matches anew with each of its bytes: the same rule and line, most often in a row */
    if (state.count && state.hits[state.count - 1].rule == rule && state.hits[state.count - 1].end + 1 == to
        && state.block[to - 1] != '\n') {
        state.hits[state.count - 1].end = to;
        return 0;
    }
    if (state.count == state.room) {
        state.room = state.room ? 2 * state.room : PENDING_MOST;
        state.hits = realloc(state.hits, state.room * sizeof *state.hits);
        if (!state.hits) fail("matches", "out of memory");
    }
    state.hits[state.count++] = (struct hit){rule, to};
    return 0;
}

/* Turns the hits of a block into pairs of rule and line. */
static void settle(void) {
    qsort(state.hits, state.count, sizeof *state.hits, by_end);
    size_t at = 0;
    unsigned long long line = state.line;
    for (size_t i = 0; i < state.count; i++) {
        struct hit hit = state.hits[i];
        const char *newline;
        while ((newline = memchr(state.block + at, '\n', hit.end - at)) && newline < state.block + hit.end) {
            line++;
            at = newline - state.block + 1;
        }
        if (state.last[hit.rule] == line) continue;
        state.last[hit.rule] = line;
        state.matches++;
        if (state.dump) fprintf(state.dump, "%u\t%llu\n", hit.rule, line);
    }
    state.count = 0;
}

static unsigned long long newlines(const char *text, size_t length) {
    unsigned long long count = 0;
    for (const char *at = text; (at = memchr(at, '\n', text + length - at)); at++) count++;
    return count;
}

static hs_database_t *stored(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fclose(file);
    size_t length;
    char *bytes = contents(path, &length);
    hs_database_t *database;
    if (hs_deserialize_database(bytes, length, &database) != HS_SUCCESS) fail(path, "is no database; remove it");
    free(bytes);
    return database;
}

static void store(const hs_database_t *database, const char *path) {
    char *bytes;
    size_t length;
    if (hs_serialize_database(database, &bytes, &length) != HS_SUCCESS) fail(path, "cannot be serialised");
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file)) fail(path, "cannot be written");
    free(bytes);
}

int main(int argc, char **argv) {
    if (argc < 5) fail("usage", "hyperscan block|line REGEXES DATABASE [--dump OUT] FILE...");
    int per_line = !strcmp(argv[1], "line"), first = 4;
    if (argc > 6 && !strcmp(argv[4], "--dump")) {
        if (!(state.dump = fopen(argv[5], "w"))) fail(argv[5], "cannot be written");
        first = 6;
    }
    size_t length, rules = 0;
    char *table = contents(argv[2], &length);
    size_t room = newlines(table, length) + 1;
    const char **regexes = calloc(room, sizeof *regexes);
    unsigned *flags = calloc(room, sizeof *flags), *numbers = calloc(room, sizeof *numbers), highest = 0;
    for (char *line = strtok(table, "\n"); line; line = strtok(NULL, "\n")) {
        char *tab = strchr(line, '\t');
        if (!tab) fail(argv[2], "a line has no tab");
        numbers[rules] = atoi(line);
        if (numbers[rules] > highest) highest = numbers[rules];
        regexes[rules] = tab + 1;
        flags[rules++] = HS_FLAG_MULTILINE | (per_line ? HS_FLAG_SINGLEMATCH : 0);
    }
    state.last = calloc(highest + 1, sizeof *state.last);

    double compiled = 0, started;
    hs_database_t *database = stored(argv[3]);
    if (!database) {
        hs_compile_error_t *error;
        started = seconds(CLOCK_PROCESS_CPUTIME_ID);
        if (hs_compile_multi(regexes, flags, numbers, rules, HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS)
            fail(error->expression >= 0 ? regexes[error->expression] : "compiling", error->message);
        compiled = seconds(CLOCK_PROCESS_CPUTIME_ID) - started;
        store(database, argv[3]);
    }
    hs_scratch_t *scratch = NULL;
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) fail("scratch", "cannot be allocated");
    size_t database_bytes = 0;
    hs_database_size(database, &database_bytes);

    double scanned = 0;
    unsigned long long bytes = 0;
    state.line = 1;
    for (int i = first; i < argc; i++) {
        char *text = contents(argv[i], &length), *end = text + length;
        bytes += length;
        started = seconds(CLOCK_PROCESS_CPUTIME_ID);
        for (char *at = text; at < end;) {
            char *next;
            if (per_line) {
                char *newline = memchr(at, '\n', end - at);
                next = newline ? newline : end;
            } else {
                next = end - at > BLOCK_BYTES ? at + BLOCK_BYTES : end;
                while (next < end && next[-1] != '\n') next++;
            }
            state.block = at;
            if (hs_scan(database, at, next - at, 0, scratch, on_match, NULL) != HS_SUCCESS) fail(argv[i], "scan failed");
            if (state.count) settle();
            state.line += per_line ? 1 : newlines(at, next - at);
            at = per_line ? next + 1 : next;
        }
        scanned += seconds(CLOCK_PROCESS_CPUTIME_ID) - started;
        free(text);
    }
    if (state.dump) fclose(state.dump);
    printf("%.3f %zu %.6f %llu %llu\n", compiled, database_bytes, scanned, bytes, state.matches);
    return 0;
}
