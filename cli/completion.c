/* Completion for bash, out of the tables that parse the words: verbs, flags and their choices, the
 * words of arguments, passes and random graphs with their flags, and the circles of a store. */
#include "cli/verb.h"

typedef void lines_fn(FILE *out, const gx_verb *verb, const gx_param *params, size_t count);

static void of_verbs(FILE *out, gx_arena *arena, lines_fn *lines) {
    const gx_verb_table *table = gx_verbs();
    for (size_t i = 0; i < table->count; i++) {
        size_t count;
        const gx_param *params = gx_verb_params(&count, arena, table->rows[i]);
        lines(out, table->rows[i], params, count);
    }
}

static bool is_flag(const gx_param *param) {
    return !(param->flags & (GX_PARAM_POSITIONAL | GX_PARAM_HIDDEN));
}

static void flag_names(FILE *out, const gx_param *params, size_t count, bool valued) {
    for (size_t i = 0; i < count; i++) {
        char name[64];
        gx_flag_name(name, sizeof name, params[i].name);
        if (is_flag(&params[i]) && (!valued || params[i].type != GX_PARAM_BOOL)) {
            fprintf(out, " --%s", name);
        }
    }
}

/* Two variables of the script grow: the flags, and those of them that take a value. */
static void add_flags(FILE *out, const gx_param *params, size_t count) {
    fputs("flags+='", out);
    flag_names(out, params, count, false);
    fputs("' valued+='", out);
    flag_names(out, params, count, true);
    fputs("'", out);
}

/* ---- what may follow a flag, by "$verb $before" -----------------------------------------------
 */

static void choices(FILE *out, const char *text) {
    for (const char *c = text; *c; c++) {
        fputc(*c == '|' ? ' ' : *c, out);
    }
    fputs("' ;;\n", out);
}

static void value_lines(FILE *out, const char *of, const gx_param *params, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char name[64];
        gx_flag_name(name, sizeof name, params[i].name);
        if (is_flag(&params[i]) && params[i].type == GX_PARAM_CHOICE) {
            fprintf(out, "        '%s --%s') words='", of, name);
            choices(out, params[i].choices);
        } else if (is_flag(&params[i]) && strcmp(name, "community") == 0) {
            fprintf(out, "        '%s --%s') circles=1 ;;\n", of, name);
        }
    }
}

static void verb_values(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    value_lines(out, verb->name, params, count);
    value_lines(out, verb->name, gx_cli_common, gx_cli_common_count);
}

static void more_values(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    (void)params;
    (void)count;
    gx_more more;
    for (size_t i = 0; gx_verb_more(&more, verb, i); i++) {
        char of[96];
        snprintf(of, sizeof of, "%s %s", verb->name, more.name);
        value_lines(out, of, more.params, more.param_count);
    }
}

/* ---- what an argument may be, by "$verb $place" -----------------------------------------------
 */

static void more_words(FILE *out, const gx_verb *verb) {
    gx_more more;
    for (size_t i = 0; gx_verb_more(&more, verb, i); i++) {
        fprintf(out, " %s", more.name);
    }
}

/* The target is at place 0. */
static void argument_lines(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    gx_more more;
    size_t target = verb->flags & GX_VERB_NO_TARGET ? 0 : 1, place = target;
    for (size_t i = 0; i < count; i++) {
        if (!(params[i].flags & GX_PARAM_POSITIONAL)) {
            continue;
        }
        if (params[i].type == GX_PARAM_CHOICE) {
            fprintf(out, "        '%s %zu') words='", verb->name, place);
            choices(out, params[i].choices);
        } else if (place == target && gx_verb_more(&more, verb, 0)) {
            fprintf(out, "        '%s %zu') words='", verb->name, place);
            more_words(out, verb);
            fputs("' ;;\n", out);
        } else if (strcmp(params[i].name, "community") == 0) {
            fprintf(out, "        '%s %zu') circles=1 ;;\n", verb->name, place);
        }
        place++;
    }
    if (verb->flags & GX_VERB_MAY_TARGET) {
        fprintf(out, "        '%s 0') files=1 words='", verb->name);
        more_words(out, verb);
        fputs("' ;;\n", out);
    }
}

static void verb_names(FILE *out) {
    for (size_t i = 0; i < gx_verbs()->count; i++) {
        fprintf(out, " %s", gx_verbs()->rows[i]->name);
    }
}

static void help_line(FILE *out) {
    fputs("        'help 0') words='man completion", out);
    verb_names(out);
    more_words(out, gx_verb_find("run"));
    fputs("' ;;\n", out);
}

/* ---- the script -------------------------------------------------------------------------------
 */

static void verb_flags(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    const char *fallback = NULL;
    for (size_t i = count; i-- > 0;) {
        fallback = params[i].flags & GX_PARAM_POSITIONAL ? params[i].fallback : fallback;
    }
    fprintf(out, "    %s) ", verb->name);
    add_flags(out, params, count);
    gx_more more;
    fprintf(out, " more='%s' ;;\n", fallback && gx_verb_more(&more, verb, 0) ? fallback : "");
}

static void more_names(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    (void)params;
    (void)count;
    gx_more more;
    for (size_t i = 0; gx_verb_more(&more, verb, i); i++) {
        fprintf(out, "        '%s %s') more=$w ;;\n", verb->name, more.name);
    }
}

static void more_flags(FILE *out, const gx_verb *verb, const gx_param *params, size_t count) {
    (void)params;
    (void)count;
    gx_more more;
    for (size_t i = 0; gx_verb_more(&more, verb, i); i++) {
        fprintf(out, "    '%s %s') ", verb->name, more.name);
        add_flags(out, more.params, more.param_count);
        fputs(" ;;\n", out);
    }
}

/* Which argument it is: words before it that are neither flags nor the values of flags. */
static const char count_places[] = "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
                                   "        w=${COMP_WORDS[i]}\n"
                                   "        if [[ $w == -?* ]]; then\n"
                                   "            [[ \" $valued \" == *\" $w \"* ]] && ((i++))\n"
                                   "        else\n"
                                   "            ((place++ == 0)) && target=$w\n"
                                   "        fi\n"
                                   "    done\n";

/* A store answers at once; a bare file would be read first. */
static const char reply[] =
    "    if [[ $circles && -e $target/data.mdb ]]; then\n"
    "        words=$(\"${COMP_WORDS[0]}\" communities \"$target\" --format csv 2>/dev/null |\n"
    "            sed -n 's/^\\(c-[0-9]*\\),.*/\\1/p')\n"
    "    fi\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
    "    if [[ -z $words || $files ]]; then\n"
    "        COMPREPLY+=($(compgen -f -- \"$word\"))\n"
    "    fi\n"
    "}\n"
    "complete -o filenames -F _guanxi guanxi\n";

void gx_help_completion(FILE *out, gx_arena *arena) {
    fputs("# bash completion for guanxi; source it, or put it in /etc/bash_completion.d\n"
          "_guanxi() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local verb=${COMP_WORDS[1]} more= place=0 target= words= files= circles= i w\n"
          "    local flags= valued=' -n -o -f -j'\n"
          "    if [[ $COMP_CWORD -eq 1 ]]; then\n"
          "        COMPREPLY=($(compgen -W '",
          out);
    verb_names(out);
    fputs("' -- \"$word\"))\n        return\n    fi\n    ", out);
    add_flags(out, gx_cli_common, gx_cli_common_count);
    fputs("\n    case $verb in\n", out);
    of_verbs(out, arena, verb_flags);
    fputs("    esac\n    for w in \"${COMP_WORDS[@]:2}\"; do\n        case \"$verb $w\" in\n", out);
    of_verbs(out, arena, more_names);
    fputs("        esac\n    done\n    case \"$verb $more\" in\n", out);
    of_verbs(out, arena, more_flags);
    fputs("    esac\n", out);
    fputs(count_places, out);
    fputs("    if [[ \" $valued \" == *\" $before \"* ]]; then\n"
          "        [[ $before == -f ]] && before=--format\n"
          "        case \"$verb $before\" in\n",
          out);
    of_verbs(out, arena, verb_values);
    fputs("        esac\n        case \"$verb $more $before\" in\n", out);
    of_verbs(out, arena, more_values);
    fputs("        esac\n"
          "    elif [[ $word == -* ]]; then\n"
          "        words=$flags\n"
          "    else\n"
          "        case \"$verb $place\" in\n",
          out);
    of_verbs(out, arena, argument_lines);
    help_line(out);
    fputs("        esac\n    fi\n", out);
    fputs(reply, out);
}
