
#include <ngx_http_eiam_foreign.h>


typedef struct {
    const char      *directive;
    void           (*note)(ngx_conf_t *cf, ngx_http_eiam_foreign_t *foreign);
} ngx_http_eiam_watched_t;


static ngx_int_t ngx_http_eiam_foreign_replace(ngx_conf_t *cf,
    ngx_module_t **place);
static ngx_uint_t ngx_http_eiam_foreign_count(const ngx_module_t *module,
    ngx_uint_t *watched);
static const ngx_http_eiam_watched_t *ngx_http_eiam_foreign_find(
    const ngx_str_t *name);
static char *ngx_http_eiam_foreign_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_eiam_foreign_proxy_pass(ngx_conf_t *cf,
    ngx_http_eiam_foreign_t *foreign);
static void ngx_http_eiam_foreign_rewrite(ngx_conf_t *cf,
    ngx_http_eiam_foreign_t *foreign);
static void ngx_http_eiam_foreign_return(ngx_conf_t *cf,
    ngx_http_eiam_foreign_t *foreign);


static const ngx_http_eiam_watched_t  ngx_http_eiam_foreign_directives[] = {
    { "proxy_pass", ngx_http_eiam_foreign_proxy_pass },
    { "return", ngx_http_eiam_foreign_return },
    { "rewrite", ngx_http_eiam_foreign_rewrite },
    { "rewrite_by_lua", ngx_http_eiam_foreign_rewrite },
    { "rewrite_by_lua_block", ngx_http_eiam_foreign_rewrite },
    { "rewrite_by_lua_file", ngx_http_eiam_foreign_rewrite },
    { NULL, NULL }
};


/*
 * nginx looks for a directive in the modules of the new cycle, and calls its
 * setter.  While "http" is read, this list names copies of the modules, whose
 * setters note the directive before they call the module's own.  The modules
 * themselves stay as they are, and the list belongs to the cycle: nothing is
 * left of this if the configuration is refused.
 */

ngx_int_t
ngx_http_eiam_foreign_watch(ngx_conf_t *cf)
{
    ngx_uint_t                  i, watched;
    ngx_module_t              **module;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);

    if (ngx_array_init(&mcf->replaced, cf->pool, 2,
                       sizeof(ngx_http_eiam_replaced_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    module = cf->cycle->modules;

    for (i = 0; module[i]; i++) {

        if (module[i]->type != NGX_HTTP_MODULE || module[i]->commands == NULL) {
            continue;
        }

        (void) ngx_http_eiam_foreign_count(module[i], &watched);

        if (watched
            && ngx_http_eiam_foreign_replace(cf, &module[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_eiam_foreign_release(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_eiam_replaced_t   *replaced;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);
    replaced = mcf->replaced.elts;

    for (i = 0; i < mcf->replaced.nelts; i++) {
        *replaced[i].place = replaced[i].module;
    }
}


static ngx_int_t
ngx_http_eiam_foreign_replace(ngx_conf_t *cf, ngx_module_t **place)
{
    ngx_uint_t                  i, n, watched;
    ngx_module_t               *copy;
    ngx_command_t              *commands;
    ngx_http_eiam_replaced_t   *replaced;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);
    n = ngx_http_eiam_foreign_count(*place, &watched);

    replaced = ngx_array_push(&mcf->replaced);
    copy = ngx_palloc(cf->pool, sizeof(ngx_module_t));
    commands = ngx_palloc(cf->pool, (n + 1) * sizeof(ngx_command_t));

    if (replaced == NULL || copy == NULL || commands == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(commands, (*place)->commands, (n + 1) * sizeof(ngx_command_t));

    for (i = 0; i < n; i++) {

        if (ngx_http_eiam_foreign_find(&commands[i].name)) {
            commands[i].set = ngx_http_eiam_foreign_set;
        }
    }

    *copy = **place;
    copy->commands = commands;

    replaced->place = place;
    replaced->module = *place;
    replaced->commands = commands;
    replaced->ncommands = n;

    *place = copy;

    return NGX_OK;
}


/* the directives of a module, and how many of them are watched */

static ngx_uint_t
ngx_http_eiam_foreign_count(const ngx_module_t *module, ngx_uint_t *watched)
{
    ngx_uint_t            n;
    const ngx_command_t  *commands;

    commands = module->commands;
    *watched = 0;

    for (n = 0; commands[n].name.len; n++) {
        *watched += (ngx_http_eiam_foreign_find(&commands[n].name) != NULL);
    }

    return n;
}


static const ngx_http_eiam_watched_t *
ngx_http_eiam_foreign_find(const ngx_str_t *name)
{
    const ngx_http_eiam_watched_t  *watched;

    for (watched = ngx_http_eiam_foreign_directives;
         watched->directive;
         watched++)
    {
        if (ngx_strcmp(name->data, watched->directive) == 0) {
            return watched;
        }
    }

    return NULL;
}


static char *
ngx_http_eiam_foreign_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_uint_t                  i;
    ngx_http_eiam_replaced_t   *replaced;
    ngx_http_eiam_loc_conf_t   *lcf;
    ngx_http_eiam_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_eiam_module);
    lcf = ngx_http_conf_get_module_loc_conf(cf, ngx_eiam_module);

    ngx_http_eiam_foreign_find(&cmd->name)->note(cf, &lcf->foreign);

    replaced = mcf->replaced.elts;

    for (i = 0; i < mcf->replaced.nelts; i++) {

        if (cmd >= replaced[i].commands
            && cmd < replaced[i].commands + replaced[i].ncommands)
        {
            cmd = &replaced[i].module->commands[cmd - replaced[i].commands];
            break;
        }
    }

    return cmd->set(cf, cmd, conf);
}


static void
ngx_http_eiam_foreign_proxy_pass(ngx_conf_t *cf,
    ngx_http_eiam_foreign_t *foreign)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    foreign->proxy_pass = value[1];
    foreign->file = cf->conf_file->file.name;
    foreign->line = cf->conf_file->line;
}


static void
ngx_http_eiam_foreign_rewrite(ngx_conf_t *cf, ngx_http_eiam_foreign_t *foreign)
{
    foreign->rewrites = 1;
}


static void
ngx_http_eiam_foreign_return(ngx_conf_t *cf, ngx_http_eiam_foreign_t *foreign)
{
    foreign->returns = 1;
}


/* nginx still has the nameless locations of "if" blocks in the queue then */

void
ngx_http_eiam_foreign_merge(ngx_conf_t *cf, ngx_http_eiam_foreign_t *foreign)
{
    ngx_queue_t                *q;
    ngx_http_core_loc_conf_t   *clcf, *nested;
    ngx_http_eiam_loc_conf_t   *inner;
    ngx_http_location_queue_t  *location;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->locations == NULL) {
        return;
    }

    for (q = ngx_queue_head(clcf->locations);
         q != ngx_queue_sentinel(clcf->locations);
         q = ngx_queue_next(q))
    {
        location = (ngx_http_location_queue_t *) q;
        nested = location->exact ? location->exact : location->inclusive;

        if (nested->noname) {
            inner = nested->loc_conf[ngx_eiam_module.ctx_index];
            foreign->rewrites |= inner->foreign.rewrites;
        }
    }
}
