/* argv → a command: flags by the tables of verb and method, nothing guessed silently. */
#include "cli/format.h"

#include "api/passes.h"

#include <stdlib.h>
#include <unistd.h>

#define GX_VERB(name) extern const gx_verb gx_verb_##name;
#include "cli/verbs.def"
#undef GX_VERB

static const gx_verb *const rows[] = {
#define GX_VERB(name) &gx_verb_##name,
#include "cli/verbs.def"
#undef GX_VERB
};

const gx_verb_table *gx_verbs(void) {
    static const gx_verb_table table = {rows, GX_COUNT(rows)};
    return &table;
}

const gx_verb *gx_verb_find(const char *name) {
    for (size_t i = 0; i < GX_COUNT(rows); i++) {
        if (strcmp(rows[i]->name, name) == 0) {
            return rows[i];
        }
    }
    return NULL;
}

/* "|table|json|…" */
static const char format_choices[] = ""
#define GX_FORM(id, name) "|" #name
#include "cli/formats.def"
#undef GX_FORM
    ;

const gx_param gx_cli_common[] = {
    {"format", GX_PARAM_CHOICE, "table", GX_PARAM_UNCHECKED, NULL, format_choices + 1, 0,
     "how the answer is written: csv and md have all columns of jsonl, a map as OUTER.NAME, and of "
     "no rows those columns that every answer of the verb has, or nothing; the last three are of "
     "graphs only"},
    {"output", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "write the answer to this file (-o)"},
    {"seed", GX_PARAM_INT, NULL, 0, 9e15, NULL, NULL, 0,
     "of every random stream (1; lists of named members that explore: other draws with each call)"},
    {"threads", GX_PARAM_INT, NULL, 1, 1024, NULL, NULL, 0, "how many to use (one a processor)"},
    {"mem", GX_PARAM_BYTES, NULL, 1, 1e18, "bytes", NULL, 0, "hold no more memory than this"},
    {"deadline", GX_PARAM_DURATION, NULL, 1, 1e12, NULL, NULL, 0, "give up after this long"},
    {"progress", GX_PARAM_CHOICE, "auto", GX_PARAM_UNCHECKED, NULL, "auto|plain|json|none", 0,
     "how progress is shown on stderr"},
    {"preset", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "shape of a bare data file given as target: snap, lightgcn"},
    {"undirected", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0,
     "ties of a bare data file go both ways (an edge list is directed)"},
    {"help", GX_PARAM_BOOL, "false", GX_PARAM_UNCHECKED, NULL, NULL, 0, "show this help"},
};
const size_t gx_cli_common_count = GX_COUNT(gx_cli_common);

const gx_param *gx_param_find(const gx_param *params, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, params[i].name) == 0) {
            return &params[i];
        }
    }
    return NULL;
}

const gx_param *gx_verb_params(size_t *out_count, gx_arena *arena, const gx_verb *verb) {
    const gx_method *method = verb->method ? gx_method_find(verb->method) : NULL;
    size_t count = verb->param_count + (method ? method->param_count : 0);
    gx_param *all = gx_arena_get(arena, (count + 1) * sizeof *all);
    *out_count = 0;
    if (!all) {
        return NULL;
    }
    if (verb->param_count) {
        memcpy(all, verb->params, verb->param_count * sizeof *all);
    }
    count = verb->param_count;
    for (size_t i = 0; method && i < method->param_count; i++) {
        /* What every verb takes is the program's own, and the verb's goes before the method's. */
        const char *name = method->params[i].name;
        if (!gx_param_find(gx_cli_common, gx_cli_common_count, name) &&
            !gx_param_find(verb->params, verb->param_count, name)) {
            all[count++] = method->params[i];
        }
    }
    *out_count = count;
    return all;
}

bool gx_verb_more(gx_more *out, const gx_verb *verb, size_t i) {
    if (verb->more || !(verb->flags & GX_VERB_PASS_FLAGS)) {
        return verb->more && verb->more(out, i);
    }
    const gx_pass *pass;
    for (size_t k = 0; (pass = gx_any_pass_at(k)) != NULL; k++) {
        bool taken = verb->pass_kind == GX_KIND_COUNT || pass->kind == verb->pass_kind;
        if (taken && i-- == 0) {
            *out = (gx_more){pass->name, pass->summary, pass->params, pass->param_count};
            return true;
        }
    }
    return false;
}

gx_value gx_method_args(const gx_command *command, const gx_method *method) {
    gx_value map = gx_map(command->arena, 8);
    for (size_t i = 0; i < method->param_count; i++) {
        const gx_value *given = gx_map_get(&command->given, method->params[i].name);
        if (given) {
            gx_map_put(command->arena, &map, method->params[i].name, *given);
        }
    }
    return map;
}

/* "--half_life" as it is typed. */
static const char *typed(gx_arena *arena, const char *name) {
    char *text = gx_arena_printf(arena, "%s", name);
    for (char *c = text; c && *c; c++) {
        *c = *c == '_' ? '-' : *c;
    }
    return text ? text : name;
}

gx_status gx_refuse_others(const gx_command *command, const gx_method *method,
                           const char *const *own, size_t count, const char *of, gx_error *err) {
    for (uint32_t i = 0; i < command->given.size; i++) {
        const char *name = command->given.as.pairs[i].key.as.text;
        bool known = gx_param_find(method->params, method->param_count, name) != NULL;
        for (size_t k = 0; k < count; k++) {
            known = known || strcmp(name, own[k]) == 0;
        }
        if (!known) {
            return gx_fail_at(err, GX_BAD_REQUEST, name, "%s takes no --%s; see `guanxi help %s`",
                              of, typed(command->arena, name), command->verb->name);
        }
    }
    return GX_OK;
}

gx_status gx_refuse_show(const gx_command *command, gx_error *err) {
    return command->format == GX_FORMAT_JSON && gx_map_get(&command->given, "show")
               ? gx_fail_at(err, GX_BAD_REQUEST, "show",
                            "--show chooses one list of several; --format json has them all, and "
                            "goes without it")
               : GX_OK;
}

/* What is given of the shape of a data file where none is read. */
static gx_status refuse_shape(const gx_command *command, gx_error *err) {
    const char *flag = gx_arg_has(&command->common, "preset")        ? "preset"
                       : gx_arg_bool(&command->common, "undirected") ? "undirected"
                                                                     : NULL;
    return flag && command->verb->flags & GX_VERB_NO_SHAPE
               ? gx_fail_at(err, GX_BAD_REQUEST, flag,
                            "--%s is of data files; `guanxi %s` reads none", flag,
                            command->verb->name)
               : GX_OK;
}

/* The pass the words name, or the one that is meant where they name none. */
static const gx_pass *pass_or_default(const gx_command *command) {
    size_t count;
    const gx_pass *pass = gx_command_pass(command);
    const gx_param *params = gx_verb_params(&count, command->arena, command->verb);
    for (size_t i = 0; !pass && params && i < count; i++) {
        if (params[i].flags & GX_PARAM_POSITIONAL) {
            bool given = gx_map_get(&command->given, params[i].name) != NULL;
            return given || !params[i].fallback ? NULL : gx_any_pass_find(params[i].fallback);
        }
    }
    return pass;
}

/* A flag of some pass is not one of every pass. */
static gx_status check_pass_flags(const gx_command *command, gx_error *err) {
    const gx_pass *pass = command->pass_flags.size ? pass_or_default(command) : NULL;
    for (uint32_t i = 0; pass && i < command->pass_flags.size; i++) {
        gx_slice key = {command->pass_flags.as.pairs[i].key.as.text,
                        command->pass_flags.as.pairs[i].key.size};
        size_t k = 0;
        while (k < pass->param_count && !gx_slice_is(key, pass->params[k].name)) {
            k++;
        }
        if (k == pass->param_count) {
            return gx_fail(err, GX_BAD_REQUEST,
                           "the pass %s has no parameter %.*s; see `guanxi help %s`", pass->name,
                           (int)key.size, key.data, pass->name);
        }
    }
    return GX_OK;
}

/* The pass's flags join what --params gave. */
gx_status gx_prepare_pass_flags(gx_command *command, gx_error *err) {
    gx_status status = check_pass_flags(command, err);
    if (status != GX_OK) {
        return status;
    }
    if (command->pass_flags.size) {
        const gx_value *given = gx_map_get(&command->given, "params");
        gx_value params = given ? *given : gx_map(command->arena, 4);
        for (uint32_t i = 0; i < command->pass_flags.size; i++) {
            const gx_pair *pair = &command->pass_flags.as.pairs[i];
            gx_map_put_text(command->arena, &params, pair->key, pair->value);
        }
        gx_map_put(command->arena, &command->given, "params", params);
    }
    return GX_OK;
}

const char *gx_arg_word(const gx_args *args, const char *name) {
    const gx_value *value = gx_arg_value(args, name);
    return value->type == GX_TEXT ? value->as.text : NULL;
}

const char *gx_given_text(const gx_command *command, const char *name) {
    const gx_value *value = gx_map_get(&command->given, name);
    return value && value->type == GX_TEXT ? value->as.text : NULL;
}

/* ---- parsing
 * ---------------------------------------------------------------------------------------- */

typedef struct parser {
    gx_command *command;
    const gx_param *params;
    size_t count;
    int argc;
    char **argv;
    int at;
    size_t positionals;
    const char *on; /* the switch that the word before turned on; NULL: it was none */
    bool helps;     /* --help is among the words */
    gx_value named; /* {FLAG: [NAME given as NAME=VALUE]} */
    gx_value common;
} parser;

/* ["a,b", 7] in JSON: each entry whole. False: it is something else. */
static bool add_json(gx_value *list, gx_arena *arena, const char *text) {
    gx_value read;
    if (text[0] != '[' || gx_json_read(&read, arena, text, strlen(text), NULL) != GX_OK ||
        read.type != GX_LIST) {
        return false;
    }
    for (uint32_t i = 0; i < read.size; i++) {
        const gx_value *one = &read.as.items[i];
        const char *number = one->type == GX_INT
                                 ? gx_arena_printf(arena, "%lld", (long long)one->as.integer)
                             : one->type == GX_REAL ? gx_arena_printf(arena, "%.17g", one->as.real)
                                                    : NULL;
        if (one->type == GX_TEXT || number) {
            gx_list_add(arena, list, number ? gx_str(number) : *one);
        } else {
            return false;
        }
    }
    return true;
}

/* A list grows with every use of its flag, and is split at commas unless it is one in JSON. */
static gx_value grown_list(gx_arena *arena, const gx_value *before, const char *text) {
    gx_value list = before ? *before : gx_list(arena, 4);
    gx_value whole = gx_list(arena, 4);
    if (add_json(&whole, arena, text)) {
        for (uint32_t i = 0; i < whole.size; i++) {
            gx_list_add(arena, &list, whole.as.items[i]);
        }
        return list;
    }
    for (const char *s = text; *s;) {
        size_t size = strcspn(s, ",");
        if (size) {
            gx_list_add(arena, &list, gx_text(s, size));
        }
        s += size + (s[size] == ',');
    }
    return list;
}

/* NAME=VALUE, or OUTER.NAME=VALUE for a map in the map. */
static gx_value grown_map(gx_arena *arena, const gx_value *before, const char *text,
                          const char *equals) {
    gx_value map = before ? *before : gx_map(arena, 4);
    gx_value value = gx_str(equals + 1);
    const char *dot = memchr(text, '.', (size_t)(equals - text));
    if (!dot) {
        gx_map_put_text(arena, &map, gx_text(text, (size_t)(equals - text)), value);
        return map;
    }
    const char *outer = gx_arena_printf(arena, "%.*s", (int)(dot - text), text);
    const char *name = gx_arena_printf(arena, "%.*s", (int)(equals - dot - 1), dot + 1);
    if (outer && name) {
        const gx_value *old = gx_map_get(&map, outer);
        gx_value nested = old ? *old : gx_map(arena, 4);
        gx_map_put(arena, &nested, name, value);
        gx_map_put(arena, &map, outer, nested);
    }
    return map;
}

/* Of one name two values are none. */
static gx_status name_once(parser *p, const gx_param *param, const char *text, const char *equals,
                           gx_error *err) {
    gx_arena *arena = p->command->arena;
    const gx_slice name = {text, (size_t)(equals - text)};
    const gx_value *before = gx_map_get(&p->named, param->name);
    gx_value names = before ? *before : gx_list(arena, 4);
    for (uint32_t i = 0; i < names.size; i++) {
        const gx_value *other = &names.as.items[i];
        if (other->size == name.size && memcmp(other->as.text, name.data, name.size) == 0) {
            return gx_fail_at(err, GX_BAD_REQUEST, param->name, "--%s %.*s was given twice",
                              typed(arena, param->name), (int)name.size, name.data);
        }
    }
    gx_list_add(arena, &names, gx_text(name.data, name.size));
    gx_map_put(arena, &p->named, param->name, names);
    return GX_OK;
}

/* Of NAME=VALUE,NAME=VALUE. Where a part is no such pair, or has a second =, the commas are the
 * value's own: cart=p1,p2. */
static bool is_pairs(const char *text) {
    for (const char *at = text;; at++) {
        const size_t size = strcspn(at, ","), name = strcspn(at, ",=");
        if (name == 0 || name + 1 >= size || memchr(at + name + 1, '=', size - name - 1)) {
            return false;
        }
        at += size;
        if (!*at) {
            return true;
        }
    }
}

static gx_status put_pair(parser *p, gx_value *map, const gx_param *param, const char *text,
                          gx_error *err) {
    const char *equals = strchr(text, '=');
    gx_map_put(p->command->arena, map, param->name,
               grown_map(p->command->arena, gx_map_get(map, param->name), text, equals));
    return name_once(p, param, text, equals, err);
}

static gx_status put_pairs(parser *p, gx_value *map, const gx_param *param, const char *text,
                           gx_error *err) {
    gx_status status = GX_OK;
    for (const char *at = text; status == GX_OK && *at; at += strcspn(at, ","), at += *at == ',') {
        const size_t size = strcspn(at, ",");
        const char *pair = gx_arena_printf(p->command->arena, "%.*s", (int)size, at);
        status = pair ? put_pair(p, map, param, pair, err) : gx_fail_memory(err, size);
    }
    return status;
}

/* NAME=VALUE, or several between commas, each name once, or a file of JSON; what comes later goes
 * before. */
static gx_status put_map(parser *p, gx_value *map, const gx_param *param, const char *text,
                         gx_error *err) {
    gx_arena *arena = p->command->arena;
    const gx_value *before = gx_map_get(map, param->name);
    const char *equals = strchr(text, '=');
    if (equals && equals != text) {
        return is_pairs(text) ? put_pairs(p, map, param, text, err)
                              : put_pair(p, map, param, text, err);
    }
    if (p->helps) { /* a file that an example names need not be there */
        return GX_OK;
    }
    if (equals || access(text, F_OK) != 0) {
        return gx_fail_at(err, GX_BAD_REQUEST, param->name,
                          "--%s: '%s' was given; accepted is NAME=VALUE, or a file of JSON that is "
                          "there",
                          typed(arena, param->name), text);
    }
    gx_value read;
    gx_status status = gx_map_file_read(&read, text, param->name, arena, err);
    if (status == GX_OK) {
        gx_map_put(arena, map, param->name, before ? gx_map_over(&read, before, arena) : read);
    }
    return status;
}

/* Lists and maps may be given several times; the rest is text, checked later, and given once. */
static gx_status put(parser *p, gx_value *map, const gx_param *param, const char *text,
                     gx_error *err) {
    gx_arena *arena = p->command->arena;
    const gx_value *before = gx_map_get(map, param->name);
    if (param->type == GX_PARAM_LIST) {
        gx_map_put(arena, map, param->name, grown_list(arena, before, text));
        return GX_OK;
    }
    if (param->type == GX_PARAM_MAP) {
        return put_map(p, map, param, text, err);
    }
    if (before) {
        return gx_fail_at(err, GX_BAD_REQUEST, param->name, "--%s was given twice",
                          typed(arena, param->name));
    }
    gx_map_put(arena, map, param->name, gx_str(text));
    return GX_OK;
}

static const gx_param *first_positional(const gx_param *params, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (params[i].flags & GX_PARAM_POSITIONAL) {
            return &params[i];
        }
    }
    return NULL;
}

const gx_pass *gx_command_pass(const gx_command *command) {
    size_t count;
    if (!(command->verb->flags & GX_VERB_PASS_FLAGS)) {
        return NULL;
    }
    const gx_param *params = gx_verb_params(&count, command->arena, command->verb);
    const gx_param *named = params ? first_positional(params, count) : NULL;
    const char *name = named ? gx_given_text(command, named->name) : NULL;
    name = name && *name ? name : command->target;
    return name ? gx_any_pass_find(name) : NULL;
}

/* The pass of the words, those not read yet too; the verb's default where no word is one. */
static const gx_pass *pass_of_words(const parser *p) {
    const gx_param *named = first_positional(p->params, p->count);
    if (!(p->command->verb->flags & GX_VERB_PASS_FLAGS) || !named) {
        return NULL;
    }
    for (int i = 0; i < p->argc; i++) {
        const gx_pass *pass = gx_any_pass_find(p->argv[i]);
        if (pass) {
            return pass;
        }
    }
    return named->fallback ? gx_any_pass_find(named->fallback) : NULL;
}

/* Adds the names of a table to those of which one may have been meant. */
static size_t add_names(const char **names, size_t count, size_t room, const gx_param *params,
                        size_t param_count) {
    for (size_t i = 0; i < param_count && count < room; i++) {
        names[count++] = params[i].name;
    }
    return count;
}

static gx_status unknown_flag(const parser *p, const char *flag, gx_error *err) {
    const char *names[128];
    gx_arena *arena = p->command->arena;
    const char *verb = p->command->verb->name;
    const gx_pass *pass = pass_of_words(p);
    size_t count = pass ? add_names(names, 0, 64, pass->params, pass->param_count) : 0;
    gx_more more;
    for (size_t k = 0; p->command->verb->more && gx_verb_more(&more, p->command->verb, k); k++) {
        for (int i = 0; i < p->argc; i++) {
            bool said = strcmp(p->argv[i], more.name) == 0;
            count = said ? add_names(names, count, 64, more.params, more.param_count) : count;
        }
    }
    count = add_names(names, count, 100, p->params, p->count);
    count = add_names(names, count, GX_COUNT(names), gx_cli_common, gx_cli_common_count);
    if (p->command->verb->flags & GX_VERB_PASS_FLAGS && strcmp(flag, "write") == 0) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s has no flag --write; `guanxi run TARGET %s --write NAME` keeps a result "
                       "in the snapshot",
                       verb, pass ? pass->name : "PASS");
    }
    const char *near = gx_nearest(flag, names, count);
    flag = typed(arena, flag);
    if (near) {
        return gx_fail(err, GX_BAD_REQUEST, "%s has no flag --%s; did you mean --%s?", verb, flag,
                       typed(arena, near));
    }
    if (pass) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s has no flag --%s, nor has the pass %s; see `guanxi help %s` and "
                       "`guanxi help %s`",
                       verb, flag, pass->name, verb, pass->name);
    }
    return gx_fail(err, GX_BAD_REQUEST, "%s has no flag --%s; see `guanxi help %s`", verb, flag,
                   verb);
}

/* The value of a flag: what follows '=', or the next word, or "true" for a switch. */
static gx_status value_of(parser *p, const gx_param *param, const char *flag, char *equals,
                          const char **out, gx_error *err) {
    if (equals) {
        *out = equals + 1;
    } else if (param->type == GX_PARAM_BOOL) {
        *out = "true";
        p->on = flag;
    } else if (p->at + 1 < p->argc) {
        *out = p->argv[++p->at];
    } else {
        return gx_fail(err, GX_BAD_REQUEST, "--%s needs a value", typed(p->command->arena, flag));
    }
    return GX_OK;
}

static const gx_param *more_param(const gx_verb *verb, const char *name) {
    gx_more more;
    const gx_param *found = NULL;
    for (size_t i = 0; !found && verb->more && gx_verb_more(&more, verb, i); i++) {
        found = gx_param_find(more.params, more.param_count, name);
    }
    return verb->flags & GX_VERB_PASS_FLAGS ? gx_any_pass_param(name) : found;
}

/* Of the verb, of every verb, or of the pass the verb names; *out_map is where its value goes. */
static const gx_param *flag_named(parser *p, const char *name, gx_value **out_map) {
    const gx_param *param = gx_param_find(p->params, p->count, name);
    *out_map = &p->command->given;
    if (!param) {
        param = gx_param_find(gx_cli_common, gx_cli_common_count, name);
        *out_map = &p->common;
    }
    if (!param) {
        param = more_param(p->command->verb, name);
        *out_map = &p->command->pass_flags;
    }
    return param;
}

static gx_status take_long(parser *p, char *word, gx_error *err) {
    char *name = gx_arena_printf(p->command->arena, "%s", word + 2);
    char *equals = strchr(word, '=');
    if (!name) {
        return gx_fail_memory(err, strlen(word));
    }
    name[strcspn(name, "=")] = '\0';
    for (char *c = name; *c; c++) {
        *c = *c == '-' ? '_' : *c;
    }
    gx_value *map;
    const char *text = "false";
    gx_status status = GX_OK;
    const gx_param *param = flag_named(p, name, &map);
    if (param) {
        status = value_of(p, param, name, equals, &text, err);
    } else if (strncmp(name, "no_", 3) == 0) {
        param = flag_named(p, name + 3, &map);
        param = param && param->type == GX_PARAM_BOOL ? param : NULL;
        if (param && equals) {
            return gx_fail(err, GX_BAD_REQUEST, "--%s takes no value; '%s' was given",
                           typed(p->command->arena, name), equals + 1);
        }
    }
    if (!param) {
        return unknown_flag(p, name, err);
    }
    return status == GX_OK ? put(p, map, param, text, err) : status;
}

static gx_status take_short(parser *p, const char *word, gx_error *err) {
    static const struct {
        char letter;
        const char *name;
    } letters[] = {{'n', "n"},      {'k', "k"},    {'o', "output"},
                   {'f', "format"}, {'h', "help"}, {'j', "threads"}};
    gx_value *map = NULL;
    const gx_param *param = NULL;
    for (size_t i = 0; !param && i < GX_COUNT(letters); i++) {
        param = word[1] == letters[i].letter ? flag_named(p, letters[i].name, &map) : NULL;
    }
    if (!param) {
        return gx_fail(err, GX_BAD_REQUEST, "%s has no flag %s; see `guanxi help %s`",
                       p->command->verb->name, word, p->command->verb->name);
    }
    if (word[2] || param->type == GX_PARAM_BOOL) {
        return put(p, map, param, word[2] ? word + 2 : "true", err);
    }
    if (p->at + 1 >= p->argc) {
        return gx_fail(err, GX_BAD_REQUEST, "-%c needs a value", word[1]);
    }
    return put(p, map, param, p->argv[++p->at], err);
}

static gx_status take_positional(parser *p, const char *word, gx_error *err) {
    gx_command *command = p->command;
    if (p->on && (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)) {
        const char *flag = typed(command->arena, p->on);
        return gx_fail(err, GX_BAD_REQUEST,
                       "--%s takes no word after it; '%s' was given; accepted is --%s, or "
                       "--no-%s to turn it off",
                       flag, word, flag, flag);
    }
    if (!command->target && !(command->verb->flags & GX_VERB_NO_TARGET)) {
        command->target = word;
        return GX_OK;
    }
    size_t seen = 0;
    const gx_param *last = NULL;
    for (size_t i = 0; i < p->count; i++) {
        if (p->params[i].flags & GX_PARAM_POSITIONAL) {
            last = &p->params[i];
            if (seen++ == p->positionals) {
                if (last->type ==
                    GX_PARAM_LIST) { /* takes all that follow, each whole: ids have commas */
                    const gx_value *before = gx_map_get(&command->given, last->name);
                    gx_value list = before ? *before : gx_list(command->arena, 4);
                    gx_list_add(command->arena, &list, gx_str(word));
                    gx_map_put(command->arena, &command->given, last->name, list);
                    return GX_OK;
                }
                p->positionals++;
                return put(p, &command->given, last, word, err);
            }
        }
    }
    return gx_fail(err, GX_BAD_REQUEST, "'%s' is one word too many; see `guanxi help %s`", word,
                   command->verb->name);
}

static gx_status take_words(parser *p, gx_error *err) {
    bool flags = true;
    for (p->at = 0; p->at < p->argc; p->at++) {
        char *word = p->argv[p->at];
        gx_status status;
        bool number = word[0] == '-' && ((word[1] >= '0' && word[1] <= '9') || word[1] == '.');
        if (flags && strcmp(word, "--") == 0) {
            flags = false;
            continue;
        }
        if (flags && strncmp(word, "--", 2) == 0) {
            p->on = NULL;
            status = take_long(p, word, err);
        } else if (flags && word[0] == '-' && word[1] && !number) {
            p->on = NULL;
            status = take_short(p, word, err);
        } else {
            status = take_positional(p, word, err);
            p->on = NULL;
        }
        if (status != GX_OK) {
            return status;
        }
    }
    return GX_OK;
}

static const gx_verb *verb_named(const char *name, gx_error *err) {
    const gx_verb *verb = gx_verb_find(name);
    if (!verb) {
        const char *names[GX_COUNT(rows)];
        for (size_t i = 0; i < GX_COUNT(rows); i++) {
            names[i] = rows[i]->name;
        }
        const char *near = gx_nearest(name, names, GX_COUNT(rows));
        gx_status status =
            gx_fail(err, GX_BAD_REQUEST, "there is no verb '%s'; %s%s", name,
                    near ? "did you mean " : "`guanxi help` lists them", near ? near : "");
        (void)status;
    }
    return verb;
}

gx_status gx_command_parse(gx_command *out, gx_arena *arena, int argc, char **argv, gx_error *err) {
    memset(out, 0, sizeof *out);
    out->arena = arena;
    out->out = stdout;
    out->given = gx_map(arena, 16);
    out->pass_flags = gx_map(arena, 4);
    out->verb = verb_named(argv[0], err);
    if (!out->verb) {
        return GX_BAD_REQUEST;
    }
    parser p = {.command = out,
                .argc = argc - 1,
                .argv = argv + 1,
                .common = gx_map(arena, 8),
                .named = gx_map(arena, 4)};
    p.params = gx_verb_params(&p.count, arena, out->verb);
    for (int k = 1; k < argc; k++) {
        p.helps = p.helps || strcmp(argv[k], "--help") == 0 || strcmp(argv[k], "-h") == 0;
    }
    gx_status status = p.params ? take_words(&p, err) : gx_fail_memory(err, 0);
    if (status == GX_OK) {
        status =
            gx_args_parse(&out->common, arena, gx_cli_common, gx_cli_common_count, &p.common, err);
    }
    if (status != GX_OK || gx_arg_bool(&out->common, "help")) {
        return status;
    }
    out->format = gx_form_find(gx_arg_text(&out->common, "format"));
    status = gx_form_check(out, err);
    if (status == GX_OK) {
        status = refuse_shape(out, err);
    }
    if (status != GX_OK) {
        return status;
    }
    if (!out->target && !(out->verb->flags & (GX_VERB_NO_TARGET | GX_VERB_MAY_TARGET))) {
        return gx_fail(err, GX_BAD_REQUEST, "%s needs a target: a store directory%s",
                       out->verb->name,
                       out->verb->flags & GX_VERB_LOCAL
                           ? ""
                           : ", a server (unix:PATH, tcp://HOST:PORT), or a data file or folder");
    }
    if (out->target && out->verb->flags & GX_VERB_LOCAL && gx_is_address(out->target)) {
        return gx_fail(err, GX_BAD_REQUEST,
                       "%s works on a store directory, not on a server; %s was given",
                       out->verb->name, out->target);
    }
    if (out->verb->prepare) {
        status = out->verb->prepare(out, err);
        if (status != GX_OK) {
            return status;
        }
    }
    return gx_args_parse(&out->args, arena, p.params, p.count, &out->given, err);
}
