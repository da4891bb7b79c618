/* guanxi call: any method with its arguments as JSON. */
#include "cli/verb.h"
#include "graph/codec/codec.h"

static const gx_param params[] = {
    {"method", GX_PARAM_TEXT, NULL, GX_PARAM_UNCHECKED, NULL, NULL,
     GX_PARAM_REQUIRED | GX_PARAM_POSITIONAL,
     "which one; `guanxi call TARGET sys.describe` lists them"},
    {"args", GX_PARAM_TEXT, "{}", GX_PARAM_UNCHECKED, NULL, NULL, GX_PARAM_POSITIONAL,
     "its arguments, a JSON map"},
};

static gx_status run(gx_command *command, gx_error *err) {
    gx_value args, result;
    gx_slice text = gx_arg_text(&command->args, "args");
    gx_status status = gx_json_read(&args, command->arena, text.data, text.size, err);
    if (status == GX_OK && args.type != GX_MAP) {
        status =
            gx_fail_at(err, GX_BAD_REQUEST, "args", "args: a %s was given; accepted is a JSON map",
                       gx_type_name(args.type));
    }
    if (status == GX_OK) {
        status = gx_ask(&result, command, gx_arg_word(&command->args, "method"), &args, err);
    }
    if (status == GX_OK) {
        /* A call is for programs: JSON unless another form was asked for. */
        gx_command as = *command;
        as.format =
            gx_arg_is(&command->common, "format", "table") ? GX_FORMAT_JSON : command->format;
        status = gx_print(&as, &result, NULL, NULL, false, err);
    }
    return status;
}

const gx_verb gx_verb_call = {
    .name = "call",
    .group = "serving",
    .summary = "call any method with JSON arguments",
    .params = params,
    .param_count = GX_COUNT(params),
    .flags = GX_VERB_WRITES,
    .run = run,
    .examples =
        "  guanxi call unix:/run/guanxi.sock rec.user '{\"users\": [\"u1204\"], \"n\": 5}'\n"
        "  guanxi call shop.gx sys.describe\n",
};
