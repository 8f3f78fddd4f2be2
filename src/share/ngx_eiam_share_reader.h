
/*
 * The reader of the stream of revocations.  Each worker has one, which reads
 * while it holds the zone's lease.  It has a connection of its own, as any
 * command after one that waits for entries would wait as well.
 */


#ifndef _NGX_EIAM_SHARE_READER_H_INCLUDED_
#define _NGX_EIAM_SHARE_READER_H_INCLUDED_


#include <ngx_eiam_reader.h>
#include <ngx_eiam_share_greet.h>


typedef struct ngx_eiam_share_reader_s  ngx_eiam_share_reader_t;


/* NULL: no memory */
ngx_eiam_share_reader_t *ngx_eiam_share_reader_start(ngx_eiam_share_t *share);

/* gives the lease up at once */
void ngx_eiam_share_reader_stop(ngx_eiam_share_reader_t *reader);

/* the field of this gateway in the list of gateways: 16 bytes */
#define NGX_EIAM_SHARE_READER_FIELD  16

void ngx_eiam_share_reader_field(const ngx_eiam_zone_t *zone, u_char *field);


#endif /* _NGX_EIAM_SHARE_READER_H_INCLUDED_ */
