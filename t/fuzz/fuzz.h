
/*
 * What the fuzzers share.  They are linked with nginx's own pools, strings
 * and trees; each allocation from a pool is one of malloc there, so that
 * AddressSanitizer watches its bounds.
 */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_eiam_document.h>


#define FUZZ_NOW  1700000000     /* what ngx_time() says at first */


/* an input as a text of its own length, and a pool that goes with it */

typedef struct {
    ngx_pool_t  *pool;
    ngx_str_t    text;
} fuzz_input_t;


void fuzz_open(fuzz_input_t *input, const uint8_t *data, size_t size);
void fuzz_close(fuzz_input_t *input);

/* a document that has not been read yet, of a name that a fault contains */
void fuzz_document(ngx_eiam_document_t *document, const char *name,
    ngx_pool_t *pool);

/* nginx's clocks stand still, so that an input does the same each time */
void fuzz_time(time_t now);

/* takes the text up to the byte away from the rest; all of it if none is */
ngx_str_t fuzz_take(ngx_str_t *rest, u_char byte);

/* eiam_path utf8 */
void *fuzz_charset(void);

/* says what does not hold, and crashes */
void fuzz_require(int holds, const char *what, const ngx_str_t *text);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#endif /* _FUZZ_H_INCLUDED_ */
