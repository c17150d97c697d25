export { openRedis, type RedisOptions, type SharedByRedis } from './open-redis.ts'
