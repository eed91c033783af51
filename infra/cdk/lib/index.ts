export * from './options';
export * from './release-files';
export * from './rotation-function';
export * from './rotated-secret';
export * from './monitoring';
