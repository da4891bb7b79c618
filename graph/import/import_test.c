/* Files into a store: every kind, what is refused and said, all or nothing, twice the same. */
#include "graph/import/testing.h"

#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- every kind --------------------------------------------------------------------------- */

static const char *const whole_shop[][2] = {
    {"users.csv", "user_id,joined_at,region,tags,attr_vip,zip\n"
                  "u1,2026-01-02,north,a|b,true,00501\nu2,,south,,,10\nu3,,,,2.5,\n"},
    {"items.csv", "item_id,title,category,price,stock,listed_at\n"
                  "p1,\"Soap, red\",care/soap,19.9,3,1700000000\np2,,,,,\n"},
    {"groups.csv", "group_id,name,owner\ng1,Mothers,u1\n"},
    {"coupons.csv", "coupon_id,value,type,start,budget\nc1,5,money,2026-01-01,100\n"},
    {"members.csv", "group_id,user_id,role,joined_at\ng1,u1,owner,2026-01-01\ng1,u2,,\n"},
    {"ties.csv", "src,dst,kind,weight,ts\nu1,u2,friend,0.5,2026-01-01T10:00:00Z\n"
                 "u1,u3,follow,,\nu2,u3,,,\n"},
    {"events.csv", "event_id,user_id,item_id,action,ts,value,qty,amount,channel,group_id,via,"
                   "campaign,coupon,session,store,helpful\n"
                   "e1,u1,p1,buy,1767225600,,2,39.8,app,g1,u2,spring,c1,s9,hk,4\n"
                   ",u2,p2,rate,1767225601,4.5,,,,,,,,,,\n"},
    {"impressions.csv",
     "request_id,user_id,item_id,pos,ts,arm,propensity,channel,model\n"
     "r1,u1,p1,0,1767225600000,a,0.25,friends,m1\nr1,u1,p2,1,1767225600000,,,,\n"},
};

static void import_whole_shop(shop *s) {
    for (size_t i = 0; i < GX_COUNT(whole_shop); i++) {
        import_good(s, whole_shop[i][0], whole_shop[i][1]);
        assert_int_equal(s->report.rejected, 0);
    }
}

static void test_every_kind(void **state) {
    (void)state;
    shop s = shop_open();
    import_whole_shop(&s);
    gx_store_stats stats = stats_of(&s);
    assert_int_equal(stats.users, 3);
    assert_int_equal(stats.items, 2);
    assert_int_equal(stats.groups, 1);
    assert_int_equal(stats.coupons, 1);
    assert_int_equal(stats.members, 2);
    assert_int_equal(stats.ties, 3);
    assert_int_equal(stats.events, 2);
    assert_int_equal(stats.impressions, 2);

    gx_buffer out = {0};
    dump(&out, &s, "jsonl");
    static const char *const lines[] = {
        "{\"user_id\":\"u1\",\"joined_at\":\"2026-01-02T00:00:00Z\",\"region\":\"north\","
        "\"tags\":[\"a\",\"b\"],\"attr_vip\":true,\"zip\":\"00501\"}",
        "{\"user_id\":\"u2\",\"region\":\"south\",\"zip\":10}",
        "{\"user_id\":\"u3\",\"attr_vip\":2.5}",
        "{\"item_id\":\"p1\",\"title\":\"Soap, red\",\"category\":\"care/soap\",\"price\":19.9,"
        "\"stock\":3,\"listed_at\":\"2023-11-14T22:13:20Z\"}",
        "{\"src\":\"u1\",\"dst\":\"u2\",\"kind\":\"friend\",\"weight\":0.5,"
        "\"ts\":\"2026-01-01T10:00:00Z\",\"directed\":false}",
        "{\"src\":\"u1\",\"dst\":\"u3\",\"kind\":\"follow\",\"directed\":true}",
        "{\"src\":\"u2\",\"dst\":\"u3\",\"kind\":\"friend\",\"directed\":false}",
        "{\"user_id\":\"u1\",\"item_id\":\"p1\",\"action\":\"buy\",\"ts\":\"2026-01-01T00:00:00Z\","
        "\"event_id\":\"e1\",\"qty\":2,\"amount\":39.8,\"channel\":\"app\",\"group_id\":\"g1\","
        "\"via\":\"u2\",\"campaign\":\"spring\",\"coupon\":\"c1\",\"session\":\"s9\","
        "\"store\":\"hk\",\"helpful\":4}",
        "{\"user_id\":\"u2\",\"item_id\":\"p2\",\"action\":\"rate\",\"ts\":\"2026-01-01T00:00:"
        "01Z\","
        "\"value\":4.5}",
        "{\"request_id\":\"r1\",\"user_id\":\"u1\",\"item_id\":\"p1\",\"pos\":0,"
        "\"ts\":\"2026-01-01T00:00:00Z\",\"arm\":\"a\",\"propensity\":0.25,"
        "\"channel\":\"friends\",\"model\":\"m1\"}",
        "{\"group_id\":\"g1\",\"user_id\":\"u1\",\"role\":\"owner\","
        "\"joined_at\":\"2026-01-01T00:00:00Z\"}",
        "{\"coupon_id\":\"c1\",\"value\":5.0,\"type\":\"money\",\"start\":\"2026-01-01T00:00:00Z\","
        "\"budget\":100.0}",
    };
    for (size_t i = 0; i < GX_COUNT(lines); i++) {
        if (!strstr(out.bytes, lines[i])) {
            fail_msg("not there: %s\nin\n%s", lines[i], out.bytes);
        }
    }
    gx_buffer_finish(&out);
    shop_close(&s);
}

static void test_twice_is_once(void **state) {
    (void)state;
    shop s = shop_open();
    import_whole_shop(&s);
    gx_store_stats before = stats_of(&s);
    for (size_t i = 0; i < GX_COUNT(whole_shop); i++) {
        import_good(&s, whole_shop[i][0], whole_shop[i][1]);
        assert_int_equal(s.report.created, 0);
        assert_int_equal(s.report.updated, 0);
        assert_int_equal(s.report.unchanged, s.report.rows);
    }
    gx_store_stats after = stats_of(&s);
    assert_int_equal(after.state, before.state);
    assert_int_equal(after.events, before.events);
    import_good(&s, "users.csv", "user_id,region,city\nu1,north,\nu2,,York\nu4,,\nu4,west,\n");
    assert_int_equal(s.report.created, 1);
    assert_int_equal(s.report.updated, 2);
    assert_int_equal(s.report.unchanged, 1);
    import_good(&s, "ties.csv",
                "src,dst,kind,weight\nu2,u1,friend,0.5\nu1,u3,follow,2\n"
                "u1,u3,follow,2\n");
    assert_int_equal(s.report.created, 0);
    assert_int_equal(s.report.updated, 2); /* the first lost its time */
    assert_int_equal(s.report.unchanged, 1);
    shop_close(&s);
}

/* What is there stays; a row with its event_id and other fields is told apart from the same row. */
static void test_known_event_id_with_other_fields(void **state) {
    (void)state;
    shop s = shop_open();
    static const char first[] = "ts,user_id,item_id,action,value,event_id,note\n"
                                "2024-01-01,u1,i1,view,1,e1,a\n2024-01-02,u1,i2,view,2,e2,b\n";
    import_good(&s, "events.csv", first);
    import_good(&s, "events.csv", first);
    assert_int_equal(s.report.unchanged, 2);
    assert_int_equal(s.report.conflicting, 0);
    assert_string_equal(s.report.first_conflict, "");
    static const char *const others[] = {
        "2024-01-03,u1,i1,view,1,e1,a", "2024-01-01,u2,i1,view,1,e1,a",
        "2024-01-01,u1,i2,view,1,e1,a", "2024-01-01,u1,i1,buy,1,e1,a",
        "2024-01-01,u1,i1,view,3,e1,a", "2024-01-01,u1,i1,view,1,e1,other",
    };
    for (size_t i = 0; i < GX_COUNT(others); i++) {
        char text[300];
        snprintf(text, sizeof text, "%s%s\n", first, others[i]);
        import_good(&s, "events.csv", text);
        assert_int_equal(s.report.created, 0);
        assert_int_equal(s.report.unchanged, 2);
        assert_int_equal(s.report.conflicting, 1);
        assert_string_equal(s.report.first_conflict, "'e1'");
    }
    /* Within a file the first row of an event_id counts, in the store what is there. */
    import_good(&s, "events.csv",
                "ts,user_id,item_id,action,event_id\n2024-01-05,u1,i1,view,n1\n"
                "2024-01-06,u1,i1,view,n1\n2024-01-05,u1,i1,view,n1\n");
    assert_int_equal(s.report.created, 1);
    assert_int_equal(s.report.unchanged, 1);
    assert_int_equal(s.report.conflicting, 1);
    import_good(&s, "events.csv",
                "ts,user_id,item_id,action,event_id\n2024-01-06,u1,i1,view,n1\n"
                "2024-01-05,u1,i1,view,n1\n2024-01-06,u1,i1,view,n1\n");
    assert_int_equal(s.report.created, 0);
    assert_int_equal(s.report.unchanged, 1);
    assert_int_equal(s.report.conflicting, 2);
    assert_int_equal(stats_of(&s).events, 3);
    shop_close(&s);
}

static void same_store(const char *const (*files)[2], size_t count, const char *wanted) {
    shop s = shop_open();
    for (size_t i = 0; i < count; i++) {
        import_good(&s, files[i][0], files[i][1]);
    }
    gx_buffer out = {0};
    dump(&out, &s, "jsonl");
    assert_same_text(out.bytes, wanted);
    gx_buffer_finish(&out);
    shop_close(&s);
}

static void test_formats_agree(void **state) {
    (void)state;
    static const char *const csv[][2] = {
        {"users.csv", "user_id,region,attr_n,attr_b,tags\nu1,\"a,b\",3,true,x|y\nu2,\"\n\",,,\n"},
        {"events.csv", "user_id,item_id,action,ts,value,helpful,x\nu1,p1,buy,1700000000,,7,\n"
                       "u2,p2,rate,1700000001,0.1,,é\n"}};
    static const char *const tsv[][2] = {
        {"users.tsv",
         "user_id\tregion\tattr_n\tattr_b\ttags\nu1\ta,b\t3\ttrue\tx;y\nu2\t\"\n\"\t\t\t\n"},
        {"events.tsv", "x\thelpful\tuser_id\titem_id\taction\tts\tvalue\n"
                       "\t7\tu1\tp1\tbuy\t1700000000000\t\né\t\tu2\tp2\trate\t"
                       "2023-11-14T22:13:21Z\t0.1\n"}};
    static const char *const jsonl[][2] = {
        {"users.jsonl", "{\"user_id\":\"u1\",\"region\":\"a,b\",\"attr_n\":3,\"attr_b\":true,"
                        "\"tags\":[\"x\",\"y\"]}\n{\"user_id\":\"u2\",\"region\":\"\\n\"}\n"},
        {"events.jsonl",
         "{\"user_id\":\"u1\",\"item_id\":\"p1\",\"action\":\"buy\",\"ts\":1700000000,"
         "\"helpful\":7}\n{\"ts\":1700000001,\"x\":\"\\u00e9\",\"user_id\":\"u2\","
         "\"item_id\":\"p2\",\"action\":\"rate\",\"value\":0.1}\n"}};
    shop s = shop_open();
    gx_buffer wanted = {0};
    import_good(&s, csv[0][0], csv[0][1]);
    import_good(&s, csv[1][0], csv[1][1]);
    dump(&wanted, &s, "jsonl");
    shop_close(&s);
    same_store(tsv, 2, wanted.bytes);
    same_store(jsonl, 2, wanted.bytes);
    gx_buffer_finish(&wanted);
}

/* ---- what is refused ---------------------------------------------------------------------- */

typedef struct refusal {
    const char *header, *row, *reason;
} refusal;

static const refusal refusals[] = {
    {"user_id", "\"\"", "missing value"},
    {"src,dst,weight", "u1,u2,-1", "negative weight"},
    {"item_id,price", "i1,-1", "negative number"},
    {"item_id,price", "i1,nan", "not a finite number"},
    {"item_id,stock", "i1,-1", "negative number"},
    {"item_id,capacity", "i1,-1", "not a whole number of 0 or more"},
    {"item_id,capacity", "i1,12.5", "not a whole number of 0 or more"},
    {"item_id,capacity", "i1,many", "not a whole number of 0 or more"},
    {"item_id,capacity", "i1,1e12", "not a whole number of 0 or more"},
    {"item_id,starts_at", "i1,tonight", "bad time"},
    {"item_id,ends_at", "i1,2026-13-01", "bad time"},
    {"item_id,lat", "i1,90.01", "not degrees of -90 to 90"},
    {"item_id,lat", "i1,nan", "not degrees of -90 to 90"},
    {"item_id,lon", "i1,-180.5", "not degrees of -180 to 180"},
    {"user_id,lon", "u1,east", "not degrees of -180 to 180"},
    {"user_id,lat", "u1,\"48,1\"", "not degrees of -90 to 90"},
    {"item_id,status", "i1,sold_out", "not on, active, hidden, off or deleted"},
    {"item_id,status", "i1,inactive", "not on, active, hidden, off or deleted"},
    {"item_id,kind", "i1,gadget", "not product, content or event"},
    {"user_id,item_id,action,ts,value", "u1,i1,rate,1700000000,-1", "not stars of 0 to 5"},
    {"user_id,item_id,action,ts,value", "u1,i1,review,1700000000,5.5", "not stars of 0 to 5"},
    {"user_id,item_id,action,ts,rating", "u1,i1,rating,1700000000,10", "not stars of 0 to 5"},
    {"user_id,push", "u1,never", "neither yes nor no"},
    {"user_id,attr_push", "u1,unsubscribed", "neither yes nor no"},
    {"user_id,push", "u1,2", "neither yes nor no"},
    {"user_id,consent", "u1,perhaps", "neither yes nor no"},
    {"user_id,item_id,action,ts", "u1,i1,view,2099-01-01", "time after tomorrow"},
    {"user_id,item_id,action,ts", "u1,i1,view,-5", "time before 1970"},
    {"user_id,item_id,action,ts,qty", "u1,i1,buy,1700000000,-1", "negative number"},
    {"src,dst,weight", "u1,u2,nan", "not a finite number"},
    {"src,dst,weight", "u1,u2,-Infinity", "not a finite number"},
    {"src,dst,weight", "u1,u2,1e39", "number out of range"},
    {"src,dst,weight", "u1,u2,abc", "bad number"},
    {"src,dst,weight", "u1,u2, 1", "bad number"},
    {"src,dst,weight", "u1,u2,0x10", "bad number"},
    {"src,dst", "u1,", "missing value"},
    {"src,dst", "u1,u1", "self tie"},
    {"src,dst", "u1", "ragged row"},
    {"src,dst", "u1,\xFF", "bad UTF-8"},
    {"src,dst", "u1,\xC0\xAF", "bad UTF-8"},
    {"src,dst,directed", "u1,u2,maybe", "bad boolean"},
    {"src,dst,ts", "u1,u2,yesterday", "bad time"},
    {"src,dst,ts", "u1,u2,2026-02-30", "bad time"},
    {"src,dst", "u1,\"u2", "unterminated quote"},
    {"src,dst", "u1,\"u2\"x", "text after a closing quote"},
    {"item_id,stock", "p1,1.5", "bad number"},
    {"item_id,price", "p1,1e999", "bad number"},
    {"user_id,item_id,action,ts", "u1,p1,,0", "missing value"},
    {"user_id,item_id,action,ts", "u1,p1,buy,", "missing value"},
    {"request_id,user_id,item_id,pos,ts", "r,u1,p1,-1,0", "number out of range"},
};

static void test_refused(void **state) {
    (void)state;
    shop s = shop_open();
    for (size_t i = 0; i < GX_COUNT(refusals); i++) {
        char text[512];
        snprintf(text, sizeof text, "%s\n%s\n", refusals[i].header, refusals[i].row);
        gx_status status = import_text(&s, "bad.csv", text);
        if (status != GX_REJECTED || s.report.rejected != 1 || s.report.reason_count != 1 ||
            strcmp(s.report.reasons[0].reason, refusals[i].reason) != 0) {
            fail_msg("%s: %s, %s", text, gx_status_name(status), s.report.first_reject);
        }
        assert_non_null(strstr(s.report.first_reject, "bad.csv:2: "));
    }
    char longest[256 + 32] = "user_id\n";
    memset(longest + 8, 'x', 256);
    assert_int_equal(import_text(&s, "long.csv", longest), GX_REJECTED);
    assert_string_equal(s.report.reasons[0].reason, "id over 255 bytes");
    longest[8 + 255] = '\0';
    import_good(&s, "long.csv", longest);
    write_bytes(&s, "nul.csv", "user_id\nu\0x\n", 12);
    assert_int_equal(import_name(&s, "nul.csv"), GX_REJECTED);
    assert_string_equal(s.report.reasons[0].reason, "NUL byte");
    assert_int_equal(stats_of(&s).users, 1);
    assert_int_equal(stats_of(&s).items, 0);
    shop_close(&s);
}

static void test_refused_jsonl(void **state) {
    (void)state;
    static const refusal rows[] = {
        {"", "{\"user_id\":\"u\\u0000\"}", "NUL byte"},
        {"", "{\"user_id\":null,\"region\":\"x\"}", "missing value"},
        {"", "{\"user_id\":[1]}", "nested value"},
        {"", "{\"user_id\":\"u\",\"x\":{\"a\":1}}", "nested value"},
        {"", "{\"user_id\":\"u\",\"x\":[1,[2]]}", "nested value"},
        {"", "{\"user_id\":\"u\",\"x\":1e999}", "number out of range"},
        {"", "{\"user_id\":\"u\",\"x\":NaN}", "not a finite number"},
        {"", "{\"user_id\":\"u\",\"tags\":[", "bad JSON"},
    };
    shop s = shop_open();
    s.options.kind = "users";
    for (size_t i = 0; i < GX_COUNT(rows); i++) {
        gx_status status = import_text(&s, "bad.jsonl", rows[i].row);
        if (status != GX_REJECTED || strcmp(s.report.reasons[0].reason, rows[i].reason) != 0) {
            fail_msg("%s: %s, %s", rows[i].row, gx_status_name(status), s.report.first_reject);
        }
    }
    assert_int_equal(stats_of(&s).users, 0);
    shop_close(&s);
}

static void test_rejects_file(void **state) {
    (void)state;
    shop s = shop_open();
    const char *text = "src,dst,weight\nu1,u2,1\nu1,\"u\n3\",x\nu4,u5,2\nu6,u6,1\n";
    assert_int_equal(import_text(&s, "ties.csv", text), GX_REJECTED);
    assert_int_equal(s.report.rows, 4);
    assert_int_equal(s.report.rejected, 2);
    assert_int_equal(s.report.created, 0);
    assert_int_equal(s.report.new_users, 0);
    assert_int_equal(stats_of(&s).ties, 0);
    assert_int_equal(stats_of(&s).users, 0);
    assert_non_null(strstr(s.err.message, "2 of 4 rows rejected, so nothing was written"));
    assert_non_null(strstr(s.report.rejects_path, "/ties.csv.rejects.csv"));
    char *rejects = read_text(s.report.rejects_path);
    assert_string_equal(rejects, "line,reason,column,value,row\n"
                                 "3,bad number,weight,x,\"u1,\"\"u\n3\"\",x\"\n"
                                 "6,self tie,dst,u6,\"u6,u6,1\"\n");
    free(rejects);
    s.options.keep_good = true;
    assert_int_equal(import_name(&s, "ties.csv"), GX_REJECTED);
    assert_int_equal(s.report.created, 2);
    assert_int_equal(s.report.new_users, 4); /* not u3 and u6, which only rejected rows name */
    assert_int_equal(stats_of(&s).ties, 2);
    assert_int_equal(stats_of(&s).users, 4);
    s.options.rejects = "/nowhere/at/all";
    assert_int_equal(import_name(&s, "ties.csv"), GX_IO);
    shop_close(&s);
}

static void test_dry_run(void **state) {
    (void)state;
    shop s = shop_open();
    s.options.dry_run = true;
    import_good(&s, "ties.csv", "src,dst,ts\nu1,u2,1700000000\nu1,u3,1700000000000\n");
    assert_int_equal(s.report.created, 2);
    assert_int_equal(s.report.new_users, 3);
    assert_string_equal(s.report.time_unit, "mixed");
    assert_int_equal(import_text(&s, "bad.csv", "src,dst\nu1,u1\n"), GX_REJECTED);
    assert_string_equal(s.report.rejects_path, "");
    assert_null(read_text(shop_file(&s, "bad.csv.rejects.csv")));
    assert_int_equal(stats_of(&s).users, 0);
    assert_int_equal(stats_of(&s).ties, 0);
    shop_close(&s);
}

static void test_strict(void **state) {
    (void)state;
    shop s = shop_open();
    import_good(&s, "users.csv", "user_id\nu1\nu2\n");
    s.options.strict = true;
    import_good(&s, "ties.csv", "src,dst\nu1,u2\n");
    assert_int_equal(import_text(&s, "ties.csv", "src,dst\nu1,u3\nu3,u1\nu1,u2\n"), GX_REJECTED);
    assert_int_equal(s.report.rejected, 2);
    assert_string_equal(s.report.reasons[0].reason, "unknown id");
    s.options.keep_good = true;
    assert_int_equal(import_text(&s, "ties.csv", "src,dst\nu1,u3\nu1,u2\n"), GX_REJECTED);
    assert_int_equal(stats_of(&s).users, 2);
    assert_int_equal(import_text(&s, "users.csv", "user_id,attr\nu3,1\n"), GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.message, "users has no column 'attr'"));
    assert_int_equal(import_text(&s, "users.jsonl", "{\"user_id\":\"a\"}\n{\"x\":1}\n"),
                     GX_BAD_REQUEST);
    assert_non_null(strstr(s.err.at, "users.jsonl:2"));
    import_good(&s, "users.csv", "user_id\nu3\n");
    assert_int_equal(stats_of(&s).users, 3);
    shop_close(&s);
}

/* ---- many rows, a folder, stopping, dying
 * -------------------------------------------------------- */

static void write_events(const shop *s, const char *name, uint32_t count) {
    gx_buffer text = {0};
    gx_rng rng = gx_rng_at(3, 1);
    gx_buffer_text(&text, "user_id,item_id,action,ts\n");
    for (uint32_t i = 0; i < count; i++) {
        gx_buffer_printf(&text, "a-member-with-a-long-name-%u,p%u,%s,%u\n",
                         (unsigned)gx_rng_below(&rng, count / 2), (unsigned)gx_rng_below(&rng, 500),
                         i % 3 ? "view" : "buy", 1700000000 + i);
    }
    write_bytes(s, name, text.bytes, text.size);
    gx_buffer_finish(&text);
}

static uint64_t problems_of(shop *s) {
    uint64_t problems = 1;
    assert_int_equal(gx_store_check(&problems, s->store, NULL, NULL, NULL, &s->err), GX_OK);
    return problems;
}

static void test_many_rows(void **state) {
    (void)state;
    shop s = shop_open();
    write_events(&s, "events.csv", 40000);
    assert_int_equal(import_name(&s, "events.csv"), GX_OK);
    assert_int_equal(s.report.created, 40000);
    gx_store_stats stats = stats_of(&s);
    assert_int_equal(stats.users, s.report.new_users);
    assert_int_equal(stats.items, 500);
    assert_int_equal(problems_of(&s), 0);
    assert_int_equal(import_name(&s, "events.csv"), GX_OK);
    assert_int_equal(s.report.created, 0);
    assert_int_equal(s.report.unchanged, 40000);
    /* A small cap makes more and smaller batches of the same store. */
    gx_buffer ties = {0};
    gx_buffer_text(&ties, "src,dst\n");
    for (int i = 1; i < 9000; i++) {
        gx_buffer_printf(&ties, "t%d,t%d\n", i, i / 2);
    }
    s.job.mem_limit = 1 << 18;
    write_bytes(&s, "ties.csv", ties.bytes, ties.size);
    gx_buffer_finish(&ties);
    assert_int_equal(import_name(&s, "ties.csv"), GX_OK);
    assert_int_equal(s.report.created, 8999);
    assert_int_equal(problems_of(&s), 0);
    shop_close(&s);
}

typedef struct seen {
    char names[16][40];
    gx_status status[16];
    size_t count;
} seen;

static void note_file(void *user, const char *path, const gx_import_report *report,
                      gx_status status, const gx_error *err) {
    seen *notes = user;
    assert_true(notes->count < 16);
    snprintf(notes->names[notes->count], 40, "%.20s %.15s", strrchr(path, '/') + 1, report->kind);
    assert_true(report->kind[0] || err->message[0]);
    notes->status[notes->count++] = status;
}

static void test_folder(void **state) {
    (void)state;
    shop s = shop_open();
    seen notes = {.count = 0};
    mkdir(shop_file(&s, "data"), 0700);
    const char *const files[][2] = {{"data/a-ties.csv", "src,dst\nu1,u2\n"},
                                    {"data/b-users.jsonl", "{\"user_id\":\"u1\"}\n"},
                                    {"data/c.txt", "0 1\n"},
                                    {"data/d-items.tsv", "item_id\tprice\np1\t2\n"},
                                    {"data/e.csv", "user_id,item_id,action,ts\nu1,p1,buy,x\n"},
                                    {"data/e.csv.rejects.csv", "user_id\nnobody\n"},
                                    {"data/notes.md", "user_id\nnobody\n"},
                                    {"data/z.csv", "user_id,item_id,action,ts\nu1,p1,buy,1\n"}};
    for (size_t i = 0; i < GX_COUNT(files); i++) {
        write_bytes(&s, files[i][0], files[i][1], strlen(files[i][1]));
    }
    gx_status status = gx_import_folder(s.store, shop_file(&s, "data"), &s.options, note_file,
                                        &notes, &s.job, &s.err);
    assert_int_equal(status, GX_REJECTED);
    const char *const wanted[] = {"b-users.jsonl users", "d-items.tsv items", "a-ties.csv ties",
                                  "e.csv events",        "z.csv events",      "c.txt "};
    assert_int_equal(notes.count, GX_COUNT(wanted));
    for (size_t i = 0; i < GX_COUNT(wanted); i++) {
        assert_string_equal(notes.names[i], wanted[i]);
        assert_int_equal(notes.status[i], i == 3 ? GX_REJECTED : GX_OK);
    }
    assert_int_equal(stats_of(&s).users, 2);
    assert_int_equal(stats_of(&s).events, 1);
    mkdir(shop_file(&s, "none"), 0700);
    status = gx_import_folder(s.store, shop_file(&s, "none"), NULL, NULL, NULL, &s.job, &s.err);
    assert_int_equal(status, GX_NOT_FOUND);
    status = gx_import_folder(s.store, shop_file(&s, "nowhere"), NULL, NULL, NULL, &s.job, &s.err);
    assert_int_equal(status, GX_NOT_FOUND);
    shop_close(&s);
}

static void cancel_soon(void *user, const char *stage, uint64_t done, uint64_t total,
                        uint64_t mem_bytes) {
    (void)stage;
    (void)total;
    (void)mem_bytes;
    if (done > 0) {
        gx_job_cancel(user);
    }
}

static void test_cancel_and_deadline(void **state) {
    (void)state;
    shop s = shop_open();
    write_events(&s, "events.csv", 60000);
    gx_store_stats before = stats_of(&s);
    gx_job_cancel(&s.job);
    assert_int_equal(import_name(&s, "events.csv"), GX_CANCELLED);
    gx_job_init(&s.job, 1, 1);
    s.job.deadline_ns = 1;
    assert_int_equal(import_name(&s, "events.csv"), GX_DEADLINE);
    gx_job_init(&s.job, 1, 1);
    s.job.progress = cancel_soon;
    s.job.progress_user = &s.job;
    gx_status status = import_name(&s, "events.csv");
    assert_true(status == GX_CANCELLED || status == GX_OK); /* by the clock of the progress line */
    if (status == GX_CANCELLED) {
        gx_store_stats after = stats_of(&s);
        assert_int_equal(after.state, before.state);
        assert_int_equal(after.users, 0);
        assert_int_equal(after.events, 0);
    }
    gx_job_init(&s.job, 1, 1);
    assert_int_equal(import_name(&s, "events.csv"), GX_OK);
    assert_int_equal(stats_of(&s).events, 60000);
    shop_close(&s);
}

/* Killed at any moment, the store is as before the file or after it, and sound. */
static void test_kill(void **state) {
    (void)state;
    shop s = shop_open();
    uint32_t rows = 0;
    bool whole = false;
    import_good(&s, "events.csv", "user_id,item_id,action,ts\nu,p,view,1\n");
    gx_store_close(s.store);
    s.store = NULL;
    write_events(&s, "more.csv", 30000);
    for (int round = 0; round < 12; round++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            shop_open_store(&s);
            gx_status status = import_name(&s, "more.csv");
            _exit(status == GX_OK ? 0 : 1);
        }
        usleep((useconds_t)(1000 * round * round));
        kill(child, SIGKILL);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how) || WEXITSTATUS(how) == 0);
        shop_open_store(&s);
        rows = (uint32_t)stats_of(&s).events;
        assert_true(rows == 30001 || (rows == 1 && !whole));
        whole = rows == 30001;
        assert_int_equal(problems_of(&s), 0);
        gx_store_close(s.store);
        s.store = NULL;
    }
    shop_open_store(&s);
    assert_int_equal(import_name(&s, "more.csv"), GX_OK);
    assert_int_equal(stats_of(&s).events, 30001);
    shop_close(&s);
}

static void test_failing_allocator(void **state) {
    (void)state;
    static const char *const files[][2] = {
        {"users.csv", "user_id,tags,attr\nu1,a|b,x\n"},
        {"ties.jsonl", "{\"src\":\"u\\u0031\",\"dst\":\"a-name-that-does-not-fit-a-slot\"}\n"},
        {"events.csv", "event_id,user_id,item_id,action,ts,note\ne1,u1,p1,buy,1,x\n"},
        {"bad.csv", "src,dst\nu1,u1\n"}};
    for (size_t f = 0; f < GX_COUNT(files); f++) {
        gx_status status = GX_NO_MEMORY;
        for (uint64_t k = 1; status == GX_NO_MEMORY; k++) {
            shop s = shop_open();
            write_bytes(&s, files[f][0], files[f][1], strlen(files[f][1]));
            uint64_t before = gx_alloc_live_blocks();
            gx_alloc_fail_at(k);
            status = import_name(&s, files[f][0]);
            gx_alloc_fail_at(0);
            assert_int_equal(gx_alloc_live_blocks(), before);
            if (status == GX_NO_MEMORY) {
                assert_int_equal(stats_of(&s).users, 0);
            }
            shop_close(&s);
            assert_true(k < 500);
        }
        assert_int_equal(status, f == 3 ? GX_REJECTED : GX_OK);
    }
}

/* ---- out and in again ---------------------------------------------------------------------------
 */

static gx_status append_file(void *user, const char *bytes, size_t size, gx_error *err) {
    (void)err;
    return fwrite(bytes, 1, size, user) == size ? GX_OK : GX_IO;
}

static void export_and_import(shop *from, shop *to, const char *format) {
    static const char *const kinds[] = {"users",   "items", "groups", "coupons",
                                        "members", "ties",  "events", "impressions"};
    gx_txn *txn;
    assert_int_equal(gx_txn_read(&txn, from->store, &from->err), GX_OK);
    for (size_t i = 0; i < GX_COUNT(kinds); i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", kinds[i], format);
        FILE *file = fopen(shop_file(to, name), "w");
        assert_non_null(file);
        if (gx_export_table(txn, kinds[i], format, append_file, file, &from->job, &from->err) !=
            GX_OK) {
            fail_msg("%s", from->err.message);
        }
        fclose(file);
        if (import_name(to, name) != GX_OK) {
            fail_msg("%s: %s %s", name, to->err.at, to->err.message);
        }
    }
    gx_txn_abort(txn);
}

static void test_export_round_trip(void **state) {
    (void)state;
    static const char *const formats[] = {"jsonl", "csv", "tsv"};
    for (size_t f = 0; f < GX_COUNT(formats); f++) {
        shop a = shop_open(), b = shop_open();
        gx_buffer first = {0}, second = {0};
        import_whole_shop(&a);
        import_good(
            &a, "odd.jsonl",
            "{\"user_id\":\"u;\\t\\\"\\n,9\",\"tags\":[\"a|b\",\"c\"],"
            "\"a\":[1,2.5,true,\"\\\"\"],\"b\":\" x \",\"joined_at\":-1,\"\xC3\xA9\":-0.5}\n");
        import_good(&a, "odd.csv",
                    "src,dst,weight,ts\nu1,u9,0.1,-99999999999999\n"
                    "u9,u8,3e38,12345678901.5\n");
        write_events(&a, "events.csv", 300);
        import_name(&a, "events.csv");
        export_and_import(&a, &b, formats[f]);
        dump(&first, &a, "jsonl");
        dump(&second, &b, "jsonl");
        sort_lines(&first);
        sort_lines(&second);
        assert_same_text(first.bytes, second.bytes);
        export_and_import(&a, &a, formats[f]); /* into itself: nothing new */
        assert_int_equal(stats_of(&a).events, 302);
        gx_buffer_finish(&first);
        gx_buffer_finish(&second);
        shop_close(&a);
        shop_close(&b);
    }
    shop s = shop_open();
    gx_txn *txn;
    assert_int_equal(gx_txn_read(&txn, s.store, &s.err), GX_OK);
    assert_int_equal(gx_export_table(txn, "x", "csv", append_bytes, NULL, NULL, &s.err),
                     GX_BAD_REQUEST);
    assert_int_equal(gx_export_table(txn, "ties", "xml", append_bytes, NULL, NULL, &s.err),
                     GX_BAD_REQUEST);
    gx_txn_abort(txn);
    shop_close(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_twice_is_once),
        cmocka_unit_test(test_known_event_id_with_other_fields),
        cmocka_unit_test(test_formats_agree),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_jsonl),
        cmocka_unit_test(test_rejects_file),
        cmocka_unit_test(test_dry_run),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_cancel_and_deadline),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_failing_allocator),
        cmocka_unit_test(test_export_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
