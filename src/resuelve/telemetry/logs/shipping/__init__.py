"""Ships the log from the disk to where it is looked at, by OTLP over HTTP. The files are the queue."""
