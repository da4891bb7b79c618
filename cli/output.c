/* Answers on stdout, in the form that was asked for (cli/formats), and words on stderr. */
#include "cli/format.h"

#include <errno.h>

#define GX_FORM(id, name) extern const gx_form gx_form_##name;
#include "cli/formats.def"
#undef GX_FORM

static const gx_form *const forms[] = {
#define GX_FORM(id, name) [GX_FORMAT_##id] = &gx_form_##name,
#include "cli/formats.def"
#undef GX_FORM
};

const gx_form *gx_form_of(gx_format format) {
    return forms[format];
}

gx_format gx_form_find(gx_slice name) {
    for (size_t i = 0; i < GX_COUNT(forms); i++) {
        if (gx_slice_is(name, forms[i]->name)) {
            return (gx_format)i;
        }
    }
    return GX_FORMAT_TABLE;
}

void gx_say(const gx_command *command, const char *format, ...) {
    if (command->common.count && gx_arg_is(&command->common, "progress", "none")) {
        return;
    }
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

void gx_buffer_flush(gx_buffer *buffer, FILE *out) {
    fwrite(buffer->bytes, 1, buffer->size, out);
    buffer->size = 0;
}

static gx_status refuse_graph(const gx_command *command, gx_error *err) {
    char list[200] = "";
    for (size_t i = 0; i < gx_verbs()->count; i++) {
        const gx_verb *verb = gx_verbs()->rows[i];
        if (verb->graph) {
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", verb->name);
        }
    }
    return gx_fail_at(err, GX_BAD_REQUEST, "format",
                      "--format %s: the answer of %s is no graph; it is given by %s",
                      forms[command->format]->name, command->verb->name, list);
}

gx_status gx_form_check(const gx_command *command, gx_error *err) {
    const gx_form *form = forms[command->format];
    if (gx_map_get(&command->given, "part") && !(form->write && form->write_graph)) {
        return gx_fail_at(err, GX_BAD_REQUEST, "part",
                          "--part was given with --format %s; it goes with csv and jsonl",
                          form->name);
    }
    return form->write || command->verb->graph ? GX_OK : refuse_graph(command, err);
}

gx_status gx_print(const gx_command *command, const gx_value *value, const char *list,
                   const char *columns, bool bare_list, gx_error *err) {
    const gx_form *form = forms[command->format];
    gx_answer answer = {.value = value, .list = list, .columns = columns, .bare_list = bare_list};
    gx_status status = gx_form_check(command, err);
    if (gx_map_get(&command->given, "estimate") && gx_map_get(value, "steps")) {
        answer.list = "steps"; /* whatever rows the verb has else */
        answer.columns = NULL;
    }
    answer.rows = value->type == GX_LIST ? value
                  : answer.list          ? gx_map_get(value, answer.list)
                                         : NULL;
    if (answer.rows && answer.rows->type != GX_LIST) {
        answer.rows = NULL;
    }
    if (status != GX_OK) {
        return status;
    }
    if (form->write_graph && command->verb->graph) {
        status = gx_graph_of_value(form, command, value, err);
    } else {
        form->write(command->out, &answer);
    }
    if (status == GX_OK && (fflush(command->out) != 0 || ferror(command->out))) {
        status = gx_write_failed(err);
    }
    return status;
}

gx_status gx_write_failed(gx_error *err) {
    /* `guanxi … | head` has read what it wanted. */
    return errno == EPIPE ? GX_OK
                          : gx_fail_errno(err, errno ? errno : EIO, "writing", "the answer");
}
