/* Help and the man page: all from the tables that parse the flags. */
#include "cli/verb.h"

#include "api/passes.h"

static const char *const groups[] = {"store",      "graph",   "products", "spread",
                                     "operations", "quality", "serving"};

void gx_help_overview(FILE *out) {
    fputs("guanxi (关系): social-graph recommendation and opinion-leader engine\n\n"
          "usage: guanxi VERB TARGET [arguments] [flags]\n\n"
          "TARGET is a store directory (shop.gx), a server (unix:PATH, tcp://HOST:PORT), or a bare "
          "data\n"
          "file or folder, which is read into a throwaway store.\n",
          out);
    const gx_verb_table *table = gx_verbs();
    for (size_t g = 0; g < GX_COUNT(groups); g++) {
        bool any = false;
        for (size_t i = 0; i < table->count; i++) {
            const gx_verb *verb = table->rows[i];
            if (strcmp(verb->group, groups[g]) != 0) {
                continue;
            }
            if (!any) {
                fprintf(out, "\n%s\n", groups[g]);
            }
            any = true;
            fprintf(out, "  %-13s %s\n", verb->name, verb->summary);
        }
    }
    fputs(
        "\n`guanxi help VERB` shows a verb's arguments, flags and examples, `guanxi help PASS` a "
        "pass's\n"
        "parameters (`guanxi run` lists the passes), `guanxi help man` the man page, `guanxi help\n"
        "completion` a completion script for bash.\n",
        out);
}

void gx_flag_name(char *out, size_t size, const char *name) {
    size_t i = 0;
    for (; name[i] && i + 1 < size; i++) {
        out[i] = name[i] == '_' ? '-' : name[i];
    }
    out[i] = '\0';
}

/* "--half-life DURATION" */
static void flag_text(char *out, size_t size, const gx_param *param) {
    char name[64];
    gx_flag_name(name, sizeof name, param->name);
    const char *type =
        param->type == GX_PARAM_CHOICE ? param->choices : gx_param_type_name(param->type);
    if (param->type == GX_PARAM_BOOL) {
        snprintf(out, size, "--%s", name);
    } else if (param->type == GX_PARAM_MAP) {
        snprintf(out, size, "--%s NAME=VALUE|FILE", name);
    } else {
        const char *letter = strcmp(name, "n") == 0 ? "-n," : strcmp(name, "k") == 0 ? "-k," : "";
        snprintf(out, size, "%s --%s %s", letter, name, type);
    }
}

static void param_note(char *out, size_t size, const gx_param *param) {
    size_t at = 0;
    const char *unit = param->type == GX_PARAM_DURATION ? "ms" : param->unit;
    out[0] = '\0';
    if (param->type == GX_PARAM_CHOICE && param->flags & GX_PARAM_POSITIONAL) {
        at += (size_t)snprintf(out + at, size - at, "; one of %s", param->choices);
    }
    if (param->type == GX_PARAM_BOOL && param->fallback && strcmp(param->fallback, "true") == 0) {
        char name[64];
        gx_flag_name(name, sizeof name, param->name);
        at += (size_t)snprintf(out + at, size - at, "; on unless --no-%s", name);
    }
    if (at < size && param->fallback && param->type != GX_PARAM_BOOL) {
        at += (size_t)snprintf(out + at, size - at, "; default %s", param->fallback);
    }
    if (param->low <= param->high && param->type != GX_PARAM_LIST && at < size) {
        at += (size_t)snprintf(out + at, size - at, "; %g to %g", param->low, param->high);
    }
    if (unit && at && at < size) {
        snprintf(out + at, size - at, " %s", unit);
    }
}

/* A line each. */
static void help_flags(FILE *out, const gx_param *params, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (params[i].flags & (GX_PARAM_POSITIONAL | GX_PARAM_HIDDEN)) {
            continue;
        }
        char flag[160], note[240];
        flag_text(flag, sizeof flag, &params[i]);
        param_note(note, sizeof note, &params[i]);
        fprintf(out, "  %-28s %s%s\n", flag[0] == ' ' ? flag + 1 : flag, params[i].help, note);
    }
}

/* How a list is written, by the first flag that takes one. */
static void help_lists(FILE *out, const gx_param *params, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (params[i].type == GX_PARAM_LIST &&
            !(params[i].flags & (GX_PARAM_POSITIONAL | GX_PARAM_HIDDEN))) {
            char name[64];
            gx_flag_name(name, sizeof name, params[i].name);
            fprintf(out,
                    "\na list is given as --%s A,B, by its flag again, or in JSON, where a comma "
                    "stands in an entry:\n--%s '[\"A,1\", \"B\"]'\n",
                    name, name);
            return;
        }
    }
}

static void usage_line(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    bool may = verb->flags & GX_VERB_MAY_TARGET;
    fprintf(out, "guanxi %s%s", verb->name,
            verb->flags & GX_VERB_NO_TARGET ? ""
            : may                           ? " [TARGET]"
                                            : " TARGET");
    for (size_t i = 0; i < count; i++) {
        if (params[i].flags & GX_PARAM_POSITIONAL) {
            char name[64];
            gx_flag_name(name, sizeof name, params[i].name);
            for (char *c = name; *c; c++) {
                *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
            }
            bool needed = params[i].flags & GX_PARAM_REQUIRED && !may;
            fprintf(out, needed ? " %s%s" : " [%s%s]", name,
                    params[i].type == GX_PARAM_LIST ? "…" : "");
        }
    }
    fputs(" [flags]\n", out);
}

void gx_help_verb(FILE *out, gx_arena *arena, const gx_verb *verb) {
    size_t count;
    const gx_param *params = gx_verb_params(&count, arena, verb);
    fprintf(out, "guanxi %s: %s\n\nusage: ", verb->name, verb->summary);
    usage_line(out, verb, params, count);
    bool headed = false;
    for (size_t i = 0; i < count; i++) {
        if (params[i].flags & GX_PARAM_POSITIONAL) {
            char note[240];
            param_note(note, sizeof note, &params[i]);
            fprintf(out, "%s  %-28s %s%s\n", headed ? "" : "\narguments\n", params[i].name,
                    params[i].help, note);
            headed = true;
        }
    }
    fputs("\nflags\n", out);
    help_flags(out, params, count);
    if (verb->flags & GX_VERB_PASS_FLAGS) {
        fputs("\nparameters of the pass are flags too: `guanxi help PASS` shows them, and "
              "`guanxi run` lists the\npasses\n",
              out);
    }
    help_lists(out, params, count);
    gx_more more;
    for (size_t i = 0; verb->more && verb->more(&more, i); i++) {
        fprintf(out, "\nflags of %s: %s\n", more.name, more.summary);
        help_flags(out, more.params, more.param_count);
    }
    fputs("\nflags of every verb\n", out);
    help_flags(out, gx_cli_common, gx_cli_common_count);
    if (verb->examples) {
        fprintf(out, "\nexamples\n%s", verb->examples);
    }
}

void gx_help_pass(FILE *out, const gx_pass *pass) {
    fprintf(out, "guanxi run TARGET %s: %s\n\nusage: guanxi run TARGET %s [flags]\n", pass->name,
            pass->summary, pass->name);
    if (pass->kind == GX_KIND_CENTRALITY || pass->kind == GX_KIND_COMMUNITY) {
        fprintf(out, "       guanxi %s TARGET %s [flags]\n",
                pass->kind == GX_KIND_CENTRALITY ? "centrality" : "communities", pass->name);
    }
    fputs("\nparameters\n", out);
    help_flags(out, pass->params, pass->param_count);
    fputs(pass->param_count ? "\ngives\n" : "  none\n\ngives\n", out);
    for (size_t i = 0; i < pass->give_count; i++) {
        char name[80];
        snprintf(name, sizeof name, "%s.%s", pass->name, pass->gives[i].suffix);
        fprintf(out, "  %-28s %s, %s\n", name, gx_dtype_name(pass->gives[i].dtype),
                pass->gives[i].help);
    }
    if (pass->paper) {
        fprintf(out, "\nsource\n  %s\n", pass->paper);
    }
    if (pass->complexity) {
        fprintf(out, "\ncost\n  %s\n", pass->complexity);
    }
    fputs("\n`guanxi help run` shows the flags of every pass.\n", out);
}

/* ---- the man page
 * ------------------------------------------------------------------------------------ */

static void roff(FILE *out, const char *text) {
    for (const char *c = text; *c; c++) {
        if (*c == '\\' || (*c == '-')) {
            fputc('\\', out);
        }
        if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n')) {
            fputs("\\&", out);
        }
        fputc(*c, out);
    }
}

static void man_params(FILE *out, const gx_param *params, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char flag[160], note[240];
        if (params[i].flags & GX_PARAM_HIDDEN) {
            continue;
        }
        flag_text(flag, sizeof flag, &params[i]);
        param_note(note, sizeof note, &params[i]);
        fputs(".TP\n.B ", out);
        roff(out, params[i].flags & GX_PARAM_POSITIONAL ? params[i].name
                  : flag[0] == ' '                      ? flag + 1
                                                        : flag);
        fputc('\n', out);
        roff(out, params[i].help);
        roff(out, note);
        fputc('\n', out);
    }
}

/* What the first word of `generate` brings; passes have a section of their own. */
static void man_more(FILE *out, const gx_verb *verb) {
    gx_more more;
    for (size_t i = 0; verb->more && verb->more(&more, i); i++) {
        fputs(".PP\nFlags of ", out);
        roff(out, more.name);
        fputs(", ", out);
        roff(out, more.summary);
        fputs(":\n", out);
        man_params(out, more.params, more.param_count);
    }
}

static void man_pass(FILE *out, const gx_pass *pass) {
    fprintf(out, ".SS %s\n", pass->name);
    roff(out, pass->summary);
    fputs(".\n", out);
    if (pass->paper) {
        fputs("Source: ", out);
        roff(out, pass->paper);
        fputs(".\n", out);
    }
    for (size_t i = 0; i < pass->give_count; i++) {
        fputs(i ? ", " : "Gives ", out);
        roff(out, pass->name);
        fputc('.', out);
        roff(out, pass->gives[i].suffix);
    }
    fputs(pass->give_count ? ".\n" : "", out);
    man_params(out, pass->params, pass->param_count);
}

void gx_help_man(FILE *out, gx_arena *arena) {
    fprintf(
        out,
        ".TH GUANXI 1 \"\" \"guanxi %s\"\n.SH NAME\nguanxi \\- social\\-graph recommendation and "
        "opinion\\-leader engine\n.SH SYNOPSIS\n.B guanxi\nVERB TARGET [arguments] [flags]\n"
        ".SH DESCRIPTION\nTARGET is a store directory, a server (unix:PATH, tcp://HOST:PORT), or a "
        "bare data file or folder. Data goes to standard output, everything else to standard "
        "error.\n"
        ".SH FLAGS OF EVERY VERB\n",
        gx_version());
    man_params(out, gx_cli_common, gx_cli_common_count);
    fputs(".SH VERBS\n", out);
    const gx_verb_table *table = gx_verbs();
    for (size_t i = 0; i < table->count; i++) {
        const gx_verb *verb = table->rows[i];
        size_t count;
        const gx_param *params = gx_verb_params(&count, arena, verb);
        fprintf(out, ".SS %s\n", verb->name);
        roff(out, verb->summary);
        fputs(".\n.PP\n.B ", out);
        usage_line(out, verb, params, count);
        man_params(out, params, count);
        man_more(out, verb);
        if (verb->examples) {
            fputs(".PP\nExamples:\n.nf\n", out);
            roff(out, verb->examples);
            fputs(".fi\n", out);
        }
    }
    fputs(".SH PASSES\nWhat guanxi run takes, and centrality and communities those of their kind; "
          "parameters are flags.\n",
          out);
    const gx_pass *pass;
    for (size_t i = 0; (pass = gx_any_pass_at(i)) != NULL; i++) {
        man_pass(out, pass);
    }
    fputs(".SH EXIT STATUS\n", out);
#define X(name, wire, exit, retryable, text) fprintf(out, ".TP\n.B %d\n%s\n", exit, text);
    GX_STATUS_MAP(X)
#undef X
}
